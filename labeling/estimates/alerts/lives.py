"""The lives of alerts: new, still open, over; each is told once.

An alert begins with the first window that crosses a line. Later windows that
cross the same line belong to it, until one is surely not crossed: then it is
over, and the next crossed window begins another. Windows whose names have no
time have no order, so that each is an alert of its own.

Looks are taken in the order in which they were committed, so that what is known
later changes no alert that was told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from labeling.estimates.alerts.watched_lines import CLEAR, CROSSED, Line, Side, State, WatchedLine
from pipelines.job.periods import named

TOLD: Final = "told"
ACKNOWLEDGED: Final = "acknowledged"
SENT: Final = "sent"  # through a channel
FAILED: Final = "failed"  # to be sent through a channel
MISSING: Final = "missing"  # data of its period
OVER: Final = "over"  # data came; the alert of a line is over by a look
Event = Literal["told", "acknowledged", "sent", "failed", "missing", "over"]
Status = Literal["new", "open", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """Something that happened to an alert."""

    id: str
    event: Event
    known_at: datetime
    actor: str | None = None
    reason: str | None = None
    channel: str | None = None
    period: str | None = None
    window: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A line that was crossed, from the first window that did to one that surely does not.

    Or data that are missing, until they are there (`missing_data`).

    Attributes:
        window: the newest that crossed the line; figures and message are its.
        windows: all that crossed it, as they became known.
        side: which side of the line is bad; None where data are missing.
        limit: the line, likewise.
        since: when it became known that the line was crossed.
        is_over: whether a later window is surely not crossed.
        events: what happened to it, in the order of commits.
    """

    id: str
    metric: str
    class_: str | None
    cohort: str | None
    period: str
    window: str
    windows: tuple[str, ...]
    side: Side | None
    limit: float | None
    value: float | None
    low: float | None
    high: float | None
    since: datetime
    message: str
    is_over: bool = False
    events: Sequence[AlertEvent] = field(default=())

    @property
    def of_line(self) -> tuple[object, ...]:
        """What tells its line from others."""
        return (self.metric, self.class_, self.cohort, self.period, self.side, self.limit)

    @property
    def is_new(self) -> bool:
        """Whether nobody was told of it, and nobody has acknowledged it."""
        return not any(one.event in (TOLD, ACKNOWLEDGED) for one in self.events)

    @property
    def status(self) -> Status:
        """Where in its life it is."""
        return "new" if self.is_new else "over" if self.is_over else "open"

    @property
    def state(self) -> State:
        """The state of its line."""
        return CLEAR if self.is_over else CROSSED

    @property
    def acknowledgement(self) -> AlertEvent | None:
        """The newest word of a person who has seen to it."""
        return next((one for one in reversed(self.events) if one.event == ACKNOWLEDGED), None)

    def is_due_for(self, channel: str) -> bool:
        """Tell whether it is to be sent through a channel: once, and while it is of interest."""
        if any(one.event == SENT and one.channel == channel for one in self.events):
            return False
        return self.is_new or not (self.is_over or self.acknowledgement)

    def record(self) -> dict[str, object]:
        """Return it as `alerts --json` has it."""
        seen = self.acknowledgement
        return {
            "id": self.id,
            "metric": self.metric,
            "class": self.class_,
            "cohort": self.cohort,
            "period": self.period,
            "window": self.window,
            "state": self.state,
            "status": self.status,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "side": self.side,
            "line": self.limit,
            "since": self.since,
            "is_new": self.is_new,
            "acknowledged": seen and {"at": seen.known_at, "by": seen.actor, "reason": seen.reason},
            "message": self.message,
        }


def alerts_of(looks: Iterable[WatchedLine], events: Iterable[AlertEvent] = ()) -> list[Alert]:
    """Return the alerts that looks make, in the order in which they began.

    Args:
        looks: those that were taken, of the lines that are watched.
        events: of any alerts, in any order.

    Returns:
        Every alert, those that are over included.
    """
    taken = [(one.looked_at, _start(one), one) for one in looks if one.looked_at is not None]
    happened = by_alert(events)
    alerts: dict[str, Alert] = {}
    lines: dict[Line, _LineLife] = {}
    for _, _, look in sorted(taken, key=lambda item: (item[0], item[1], item[2].window or "")):
        for alert in lines.setdefault(look.line, _LineLife()).after(look):
            alerts[alert.id] = alert
    return [replace(one, events=tuple(happened.get(name, ()))) for name, one in alerts.items()]


def by_alert(events: Iterable[AlertEvent]) -> dict[str, list[AlertEvent]]:
    """Return the events of each alert by its id, in the order of commits."""
    groups: dict[str, list[AlertEvent]] = {}
    for event in sorted(events, key=lambda one: one.known_at):
        groups.setdefault(event.id, []).append(event)
    return groups


def id_of(*what: object) -> str:
    """Return the id of an alert: a digest of what it began with.

    >>> id_of("accuracy", None, None, "week", "below", 0.9, "2026-W47")
    'a1b3858a38'
    """
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:10]


def _start(look: WatchedLine) -> datetime:
    """Return when a window begins, on the wall clock; one without a time comes first."""
    period = named(look.window or "")
    return period.start if period else datetime.min  # noqa: DTZ901 - periods have no zone


@dataclass(slots=True)
class _LineLife:
    """The alert of one line that is open, and the newest windows on either side of the line."""

    open: Alert | None = None
    crossed: datetime = datetime.min  # noqa: DTZ901 - periods have no zone
    clear: datetime = datetime.min  # noqa: DTZ901 - the same

    def after(self, look: WatchedLine) -> list[Alert]:
        """Return the alert that a look begins, goes on with or ends."""
        begins = _start(look)
        if look.state == CROSSED:
            return [self._crossed(look, begins)]
        if look.state == CLEAR:
            self.clear = max(self.clear, begins)
            if self.open is not None and begins > self.crossed:
                ended, self.open = replace(self.open, is_over=True), None
                return [ended]
        return []

    def _crossed(self, look: WatchedLine, begins: datetime) -> Alert:
        has_time = named(look.window or "") is not None
        if not has_time:
            return _begun(look)
        if self.open is None:
            alert = replace(_begun(look), is_over=self.clear > begins)
        elif begins > self.crossed:
            alert = _continued(self.open, look, _begun(look))
        else:
            alert = _continued(self.open, look, self.open)
        self.crossed = max(self.crossed, begins)
        self.open = None if alert.is_over else alert
        return alert


def _continued(alert: Alert, look: WatchedLine, newest: Alert) -> Alert:
    """Return an alert with one more window, and the figures of its newest one."""
    windows = (*alert.windows, look.window or "")
    return replace(newest, id=alert.id, since=alert.since, windows=windows)


def _begun(look: WatchedLine) -> Alert:
    """Return the alert that begins with a look."""
    if look.window is None or look.looked_at is None:
        raise ValueError("a window that was not looked at begins no alert")
    return Alert(
        id=id_of(*look.identity),
        metric=look.metric,
        class_=look.class_,
        cohort=look.cohort,
        period=look.period,
        window=look.window,
        windows=(look.window,),
        side=look.side,
        limit=look.limit,
        value=look.value,
        low=look.low,
        high=look.high,
        since=look.looked_at,
        message=look.message,
    )
