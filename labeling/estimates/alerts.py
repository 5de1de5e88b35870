"""Alerts: lines that a metric should not cross, each looked at once per window.

A 95 % interval that is looked at every week gives a false alarm in 76 % of the
years, and one that is looked at again with every answer in more. So each line
is held against exact one-sided bounds whose error is 5 % a year, shared by all
looks of the year (windows times lines); and a window gets one look: once it is
over and most of its questions are answered, or the wait is over. What a look
saw is stored, and later answers do not change it.

A line has three states: `crossed`; `clear`, surely not crossed; and `unknown`,
which cannot be told, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from labeling.estimates.bounds import bounds
from labeling.estimates.estimate import ESTIMATOR_VERSION, Estimate, widest
from labeling.estimates.windows import a_year, closes
from pipelines.job.sections import AlertLook, AlertRule, Batches

ERROR = 0.05  # a year, for all lines of a job together
CROSSED: Final = "crossed"
CLEAR: Final = "clear"
UNKNOWN: Final = "unknown"
State = Literal["crossed", "clear", "unknown"]
Side = Literal["below", "above"]
Identity = tuple[str, str | None, str | None, str, str, float, str | None]

_DUE = "it is due: the next `recheck estimate` or `recheck run` looks at it"
_DAILY = 366  # looks a year at batches whose names say nothing of time


@dataclass(frozen=True, slots=True)
class Watch:
    """The lines of a job, and when a window is looked at."""

    lines: Sequence[AlertRule]
    look: AlertLook
    batches: Batches  # how the job cuts them, and how long they settle

    @property
    def distinct(self) -> int:
        """The number of figures that are looked at in a window of every period."""
        return len({_figure(line) for line in self.lines})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A line in a window, and its state.

    Attributes:
        window: the window; None where no window of the line has anything asked.
        side: which side of the line is bad.
        limit: the line.
        value: the estimate when the window was looked at, or now.
        low: its 95 % interval.
        high: its 95 % interval.
        bound: what the metric surely is at most (a line below) or at least.
        reason: why the state is what it is.
        n_asked: rows asked about.
        n_answered: rows with an answer.
        as_of: when the last fact that it rests on became known.
        looked_at: when the window was looked at; None if it was not yet.
    """

    metric: str
    class_: str | None
    cohort: str | None
    period: str
    window: str | None
    side: Side
    limit: float
    state: State
    reason: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    n_asked: int = 0
    n_answered: int = 0
    as_of: datetime | None = None
    looked_at: datetime | None = None

    @property
    def identity(self) -> Identity:
        """What tells one look from another: the line and the window."""
        line = (self.metric, self.class_, self.cohort, self.period, self.side, self.limit)
        return (*line, self.window)

    @property
    def line(self) -> str:
        """The line in words, such as `recall of 'late' for area=north below 0.5`."""
        of_class = f" of {self.class_!r}" if self.class_ is not None else ""
        among = f" for {self.cohort}" if self.cohort is not None else ""
        return f"{self.metric}{of_class}{among} {self.side} {self.limit:g}"

    @property
    def message(self) -> str:
        """The line, the window and what can be told of them, in one sentence."""
        return f"{self.line} in {self.period} {self.window or '(none yet)'}: {self.reason}"

    def record(self) -> dict[str, object]:
        """Return the alert as `estimate --json` and `run --json` have it."""
        return {
            "metric": self.metric,
            "class": self.class_,
            "cohort": self.cohort,
            "period": self.period,
            "window": self.window,
            "state": self.state,
            "side": self.side,
            "limit": self.limit,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "bound": self.bound,
            "n_asked": self.n_asked,
            "n_answered": self.n_answered,
            "reason": self.reason,
            "message": self.message,
            "looked_at": self.looked_at,
        }

    def row(self) -> dict[str, object]:
        """Return the columns of the table `looks` that a look fills, by name."""
        row = self.record() | {"as_of": self.as_of, "estimator_version": ESTIMATOR_VERSION}
        del row["message"], row["looked_at"]
        return row


def looks(
    estimates: Iterable[Estimate],
    watch: Watch,
    *,
    past: Iterable[Alert] = (),
    at: datetime,
    take: bool = True,
) -> tuple[list[Alert], list[Alert]]:
    """Say of every line and window what is known, and which windows are looked at now.

    Args:
        estimates: of all windows.
        watch: the lines, and when to look.
        past: the looks that were taken before; they stand.
        at: the moment of these looks. A window that closes later is open.
        take: whether windows that are due are looked at.

    Returns:
        All lines in all their windows, by line and window, the new looks among
        them; and the new looks alone, which are to be stored.
    """
    known = {one.identity: one for one in past}
    whole = sorted(widest(estimates), key=lambda one: one.window)
    found: list[Alert] = []
    fresh: list[Alert] = []
    for line in dict.fromkeys(watch.lines):
        of_line = [one for one in whole if _figure_of(one) == _figure(line)]
        for estimate in of_line:
            alert = _unlooked(line, estimate)
            wait = _waits(estimate, watch, at) or ("" if take else _DUE)
            if alert.identity in known:
                found.append(known[alert.identity])
            elif wait:
                found.append(replace(alert, reason=wait))
            else:
                fresh.append(replace(_judged(alert, estimate, watch.distinct), looked_at=at))
                found.append(fresh[-1])
        if not of_line:
            found.append(_nothing(line))
    return found, fresh


def listed(alerts: Iterable[Alert]) -> list[Alert]:
    """Keep what is of use now: every line's newest look (or window), and all that are crossed.

    Args:
        alerts: by line and window, as `looks` returns them.

    Returns:
        The same, without older windows whose line is not crossed.
    """
    of_line: dict[Identity, list[Alert]] = {}
    for one in alerts:
        of_line.setdefault((*one.identity[:-1], None), []).append(one)
    return [kept for line in of_line.values() for kept in _of_use(line)]


def _of_use(line: Sequence[Alert]) -> Iterator[Alert]:
    looked = [one for one in line if one.looked_at is not None]
    newest = (looked or line)[-1]
    for one in line:
        if one.state == CROSSED or one is newest:
            yield one


def _judged(alert: Alert, estimate: Estimate, lines: int) -> Alert:
    """Hold the line against what the metric surely is at most, and at least."""
    error = ERROR / ((a_year(estimate.window) or _DAILY) * lines)
    reach = bounds(estimate, error)
    is_below = alert.side == "below"
    bad, good = (reach.high, reach.low) if is_below else (reach.low, reach.high)
    alert = replace(alert, bound=bad)
    reached, side = ("at most", "at least") if is_below else ("at least", "at most")
    told = _told(estimate)
    if is_below and reach.is_rough:
        return replace(alert, bound=None, reason=reach.reason)
    if bad is not None and _is_beyond(bad, alert.limit, is_below=is_below):
        line = f"{'below' if is_below else 'above'} the line {alert.limit:g}"
        return replace(alert, state=CROSSED, reason=f"{reached} {bad:.4g} ({told}), {line}")
    if good is not None and not _is_beyond(good, alert.limit, is_below=is_below):
        return replace(alert, state=CLEAR, reason=f"{side} {good:.4g} ({told})")
    if reach.reason and (bad is None or good is None):
        return replace(alert, reason=reach.reason)
    ends = " and ".join(
        f"{word} {end:.4g}"
        for word, end in (("at least", reach.low), ("at most", reach.high))
        if end is not None
    )
    return replace(alert, reason=f"the answers leave room on both sides: {ends} ({told})")


def _is_beyond(bound: float, limit: float, *, is_below: bool) -> bool:
    return bound < limit if is_below else bound > limit


def _told(estimate: Estimate) -> str:
    value = "no single figure" if estimate.value is None else f"{estimate.value:.4g}"
    return f"{value} from {estimate.n_answered} answers"


def _waits(estimate: Estimate, watch: Watch, at: datetime) -> str:
    """Say why a window is not looked at yet; nothing where it is time."""
    end = closes(estimate.window, watch.batches)
    if end is not None and end > at:
        return "the window is not over"
    if not estimate.n_answered:
        return f"none of {estimate.n_asked} questions is answered"
    if estimate.n_answered >= watch.look.answered * estimate.n_asked:
        return ""
    until = (end or estimate.as_of) + watch.look.wait
    if until <= at:
        return ""
    return (
        f"{estimate.n_answered} of {estimate.n_asked} questions are answered; it is looked at with "
        f"{watch.look.answered:.0%} of the answers, or on {until:%Y-%m-%d %H:%M} UTC"
    )


def _unlooked(line: AlertRule, estimate: Estimate) -> Alert:
    return replace(
        _nothing(line),
        window=estimate.window,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n_asked=estimate.n_asked,
        n_answered=estimate.n_answered,
        as_of=estimate.as_of,
    )


def _nothing(line: AlertRule) -> Alert:
    below, above = line.below, line.above
    return Alert(
        metric=line.metric,
        class_=line.class_,
        cohort=line.cohort,
        period=line.period,
        window=None,
        side="below" if below is not None else "above",
        limit=below if below is not None else above or 0.0,
        state=UNKNOWN,
        reason="nobody was asked about any row of it yet",
    )


def _figure(line: AlertRule) -> tuple[str, str | None, str | None, str]:
    return line.metric, line.class_, line.cohort, line.period


def _figure_of(one: Estimate) -> tuple[str, str | None, str | None, str]:
    return one.metric, one.class_, one.cohort, one.period
