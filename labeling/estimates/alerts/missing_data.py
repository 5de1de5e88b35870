"""Missing data: periods that are over and settled, and of which no batch has a row.

Periods without data that follow each other are one alert, from the first of them;
it is over when that one has data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from labeling.estimates.alerts.lives import MISSING, OVER, Alert, AlertEvent, by_alert, id_of
from labeling.estimates.alerts.watched_lines import CLEAR, CROSSED, State
from labeling.estimates.windows import closes, windows
from pipelines.job.periods import Kind, name_of, named
from pipelines.job.sections import Batches

NO_DATA: Final = "no data"
OF_ALERT: Final = ("id", "status", "since", "is_new", "acknowledged")  # beside a watched line


@dataclass(frozen=True, slots=True)
class Stretch:
    """Periods without data that follow each other."""

    periods: Sequence[str]

    @property
    def first(self) -> str:
        """The first of them."""
        return self.periods[0]

    def words(self, kind: Kind) -> str:
        """Say what is missing.

        >>> Stretch(["2026-11-20", "2026-11-21"]).words("day")
        'no data of 2 days, 2026-11-20 to 2026-11-21'
        """
        if len(self.periods) == 1:
            return f"no data of {kind} {self.first}"
        return f"no data of {len(self.periods)} {kind}s, {self.first} to {self.periods[-1]}"


def stretches(present: Collection[str], batches: Batches, at: datetime) -> list[Stretch]:
    """Find the periods without data that are over and settled.

    They are looked for from `[batches] from` on, or from the first period with data.

    Args:
        present: the batches that have rows.
        batches: how the job cuts them, which period it expects, and how long one settles.
        at: the present.

    Returns:
        The periods in order, those that follow each other together.
    """
    kind = batches.expect
    if kind is None:
        return []
    there = {name for batch in present if (name := period_of(batch, kind))}
    first = period_of(batches.first or "", kind) or min(there, key=_start, default=None)
    runs = groupby(_periods(first, kind, batches, at), key=there.__contains__)
    return [Stretch(list(names)) for has_data, names in runs if not has_data]


def period_of(batch: str, kind: Kind) -> str | None:
    """Return the period of a kind that a batch lies in; None where its name tells none."""
    period = named(batch)
    if period is None:
        return None
    if period.kind == kind:
        return batch
    return {str(of): name for of, name in windows(batch).items()}.get(kind)


def watched_data(alerts: Iterable[Alert], kind: Kind | None) -> list[dict[str, object]]:
    """Return what is known of the data, in the names of a watched line as JSON has it.

    Args:
        alerts: of the job.
        kind: the period that it expects; None where it expects none.

    Returns:
        Each stretch without data, with its alert; one record that is clear where
        nothing is missing; nothing where nothing is expected.
    """
    missing = [one for one in alerts if one.metric == NO_DATA and not one.is_over]
    if kind is None or missing:
        return [
            _watched(kind or "day", CROSSED, one.message, one.window, one.since)
            | {name: value for name, value in one.record().items() if name in OF_ALERT}
            for one in missing
        ]
    clear = _watched(kind, CLEAR, f"every {kind} that is over has data")
    return [clear | dict.fromkeys(OF_ALERT)]


def _watched(
    kind: Kind,
    state: State,
    words: str,
    window: str | None = None,
    looked_at: datetime | None = None,
) -> dict[str, object]:
    unknown = ("class", "cohort", "side", "limit", "value", "low", "high", "bound")
    return {
        "metric": NO_DATA,
        **dict.fromkeys((*unknown, "bound_in_a_row")),
        "period": kind,
        "window": window,
        "state": state,
        "n_asked": 0,
        "n_answered": 0,
        "reason": words,
        "message": words,
        "looked_at": looked_at,
    }


def missing_alert(stretch: Stretch, kind: Kind, since: datetime) -> Alert:
    """Return the alert that a stretch begins.

    Args:
        stretch: of periods without data.
        kind: of the periods.
        since: when it was noticed.

    Returns:
        The alert; its id depends on the first period alone.
    """
    return _alert(stretch.first, kind, since, stretch.words(kind))


def missing_alerts(events: Iterable[AlertEvent], kind: Kind | None) -> list[Alert]:
    """Return the alerts of missing data, as they were kept.

    Args:
        events: of all alerts of the job.
        kind: the period that the job expects; alerts of others are no longer watched.

    Returns:
        The alerts in the order in which they began.
    """
    if kind is None:
        return []
    return [
        _kept(began, kind, of_alert)
        for of_alert in by_alert(events).values()
        if (began := next((one for one in of_alert if one.event == MISSING), None))
        if began.period == kind
    ]


def _kept(began: AlertEvent, kind: Kind, events: Sequence[AlertEvent]) -> Alert:
    is_over = any(one.event == OVER for one in events)
    words = began.reason or f"{NO_DATA} of {kind} {began.window}"
    return _alert(began.window or "", kind, began.known_at, words, is_over=is_over, events=events)


def _alert(
    first: str,
    kind: Kind,
    since: datetime,
    message: str,
    *,
    is_over: bool = False,
    events: Sequence[AlertEvent] = (),
) -> Alert:
    return Alert(
        id=id_of(NO_DATA, kind, first),
        metric=NO_DATA,
        class_=None,
        cohort=None,
        period=kind,
        window=first,
        windows=(first,),
        side=None,
        limit=None,
        value=None,
        low=None,
        high=None,
        since=since,
        message=message,
        is_over=is_over,
        events=tuple(events),
    )


def _periods(first: str | None, kind: Kind, batches: Batches, at: datetime) -> Iterator[str]:
    """Yield periods from the first one on, as long as they are over and settled."""
    name = first
    while name is not None:
        period, end = named(name), closes(name, batches)
        if period is None or end is None or end > at:
            return
        yield name
        name = name_of(kind, period.end)


def _start(name: str) -> datetime:
    period = named(name)
    return period.start if period else datetime.max  # noqa: DTZ901 - periods have no zone
