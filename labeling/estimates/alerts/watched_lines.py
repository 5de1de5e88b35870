"""A watched line: a metric's line in a window, and what can be told of the two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from labeling.estimates.estimate import ESTIMATOR_VERSION
from pipelines.job.sections import AlertRule

CROSSED: Final = "crossed"
CLEAR: Final = "clear"
UNKNOWN: Final = "unknown"
State = Literal["crossed", "clear", "unknown"]
Side = Literal["below", "above"]
Line = tuple[str, str | None, str | None, str, str, float]
Identity = tuple[str, str | None, str | None, str, str, float, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedLine:
    """A line in a window, and its state.

    Attributes:
        window: the window; None where no window of the line has anything asked.
        side: which side of the line is bad.
        limit: the line.
        value: the estimate when the window was looked at, or now.
        low: its 95 % interval.
        high: its 95 % interval.
        bound: what the metric surely is at most (a line below) or at least.
        bound_in_a_row: the same, with the larger error that each of three windows in a
            row may have; None where windows are not taken so.
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
    bound_in_a_row: float | None = None
    n_asked: int = 0
    n_answered: int = 0
    as_of: datetime | None = None
    looked_at: datetime | None = None

    @property
    def line(self) -> Line:
        """What tells one line from another."""
        return (self.metric, self.class_, self.cohort, self.period, self.side, self.limit)

    @property
    def identity(self) -> Identity:
        """What tells one look from another: the line and the window."""
        return (*self.line, self.window)

    @property
    def words(self) -> str:
        """The line in words, such as `recall of 'late' for area=north below 0.5`."""
        of_class = f" of {self.class_!r}" if self.class_ is not None else ""
        among = f" for {self.cohort}" if self.cohort is not None else ""
        return f"{self.metric}{of_class}{among} {self.side} {self.limit:g}"

    @property
    def message(self) -> str:
        """The line, the window and what can be told of them, in one sentence."""
        return f"{self.words} in {self.period} {self.window or '(none yet)'}: {self.reason}"

    def record(self) -> dict[str, object]:
        """Return it as `estimate --json` and `run --json` have it."""
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
            "bound_in_a_row": self.bound_in_a_row,
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


def unasked(line: AlertRule) -> WatchedLine:
    """Return a line that nobody was asked about yet."""
    below, above = line.below, line.above
    return WatchedLine(
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
