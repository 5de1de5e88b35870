"""The data of a report, and what its sections derive from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from labeling.answers.agreement import Agreement
from labeling.answers.outcomes import Outcomes
from labeling.answers.wrong_rows import WrongRow
from labeling.estimates.alerts import WatchedLine
from labeling.estimates.amounts import LEADING, OF_CLASSES, is_told
from labeling.estimates.calibration import Calibration, Pairs
from labeling.estimates.confusion import Confusion
from labeling.estimates.estimate import Estimate, widest
from labeling.estimates.known_truth import Truth
from labeling.estimates.windows import Period, closes, span, windows
from pipelines.job.sections import AlertRule, Batches
from pipelines.models.catalogue import TaskType

_LEADING = (*LEADING, "f1", "recall", "precision", *OF_CLASSES[3:])


@dataclass(frozen=True, slots=True)
class Batch:
    """Counts of a batch's rows."""

    name: str
    source: int  # read
    scored: int
    quarantined: int
    version: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason why rows could not be scored, and how many it concerns."""

    reason: str
    column: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """The rows of some batches that reached each stage, from the source to an answer."""

    source: int
    scored: int
    batches: int  # scored
    covered: int
    batches_covered: int
    asked: int
    answered: int


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """All that a report shows."""

    job: str  # its name
    file: str  # of the job, as commands take it
    task: TaskType
    question: str
    rule: Batches  # by which rows fall into batches
    at: datetime  # windows that close later are open
    estimates: Sequence[Estimate]
    batches: Sequence[Batch] = ()
    reasons: Sequence[Reason] = ()
    agreement: Agreement | None = None
    cannot_tell: Mapping[str, int] = field(default_factory=dict)  # skipped questions by reason
    stale: int = 0  # answers to rows that were replaced since
    drawn: Mapping[str, int] = field(default_factory=dict)  # batch -> rows in its sample
    pushed: int = 0  # questions that have a task
    confusion: Confusion | None = None
    calibration: Calibration | None = None
    pairs: Pairs | None = None
    outcomes: Outcomes | None = None
    alerts: Sequence[WatchedLine] = ()
    missing: Sequence[str] = ()  # what data did not come, in words
    lines: Sequence[AlertRule] = ()
    topped_up: Sequence[str] = ()  # batches drawn from again after answers had come in
    asked_classes: Mapping[str, str] = field(
        default_factory=dict
    )  # batch -> class asked more about
    more: Sequence[tuple[int, float]] = ()  # (more answers, half the headline's length), now first
    note: str | None = None
    truths: Sequence[Truth] = ()
    wrong: Sequence[WrongRow] = ()  # the most frequent confusion first
    only: tuple[str, ...] = ()  # the batches that it is about, where not all
    tells_rows: bool = False  # whether the page may hold what people saw of a row

    @property
    def timezone(self) -> str:
        """The timezone of its days, an IANA name."""
        return self.rule.timezone

    @cached_property
    def has_times(self) -> bool:
        """Whether every batch is named after a time, so that a chart can run over time.

        A batch without a prediction, as that of rows without a time, is on no chart.
        """
        spans = [span(batch.name, self.timezone) for batch in self.batches if batch.scored]
        return bool(spans) and None not in spans

    @cached_property
    def leading(self) -> tuple[str, str | None] | None:
        """The metric, and its class, that the report is mostly about."""
        known = sorted({(one.metric, one.class_) for one in self.estimates}, key=str)
        ordered = sorted(
            (pair for pair in known if pair[0] in _LEADING),
            key=lambda pair: _LEADING.index(pair[0]),
        )
        return ordered[0] if ordered else None

    @cached_property
    def overall(self) -> Sequence[Estimate]:
        """The leading metric over all rows, the widest of each window."""
        led = (one for one in self.estimates if (one.metric, one.class_) == self.leading)
        return widest(one for one in led if one.cohort is None)

    def of(self, period: Period) -> list[Estimate]:
        """Return the leading metric over all rows, by window."""
        windows_of = (one for one in self.overall if one.period == period)
        return sorted(windows_of, key=lambda one: one.window)

    def everywhere(self) -> list[Estimate]:
        """Return every metric of every cohort and version over all batches."""
        return [one for one in self.estimates if one.period == "all"]

    @cached_property
    def headline(self) -> Estimate | None:
        """The newest closed window with answers; else the newest with answers; else the newest.

        A week, where batches are named after times; else all batches together.
        """
        newest = self.of("week") or self.of("month") or self.of("all")
        answered = [one for one in newest if is_told(one)]
        closed = [one for one in answered if self.is_closed(one.window)]
        return next((group[-1] for group in (closed, answered, newest) if group), None)

    def is_closed(self, window: str) -> bool:
        """Say whether the window is over and settled; one without a time in its name always is."""
        end = closes(window, self.rule)
        return end is None or end <= self.at

    def truth(self, estimate: Estimate) -> float | None:
        """Return the right value of an estimate of all rows, where it is known by other means."""
        if estimate.cohort is not None or estimate.class_ is not None:
            return None
        return self._known.get((estimate.metric, estimate.period, estimate.window))

    @cached_property
    def _known(self) -> dict[tuple[str, str, str], float]:
        return {(one.metric, one.period, one.window): one.value for one in self.truths}

    def funnel(self, estimates: Iterable[Estimate]) -> Funnel:
        """Count the rows at each stage, in the windows of these estimates.

        No two windows may overlap. Without any estimate, all batches count.
        """
        of = list(estimates)
        inside = {(one.period, one.window) for one in of} or {("all", "all")}
        batches = [batch for batch in self.batches if inside & set(windows(batch.name).items())]
        names = {batch.name for batch in batches}
        answered = [one for one in self.of("batch") if one.window in names and one.n_answered]
        return Funnel(
            source=sum(batch.source for batch in batches),
            scored=sum(batch.scored for batch in batches),
            batches=len(batches),
            covered=sum(one.rows_covered for one in of),
            batches_covered=len(answered),
            asked=sum(one.n_asked for one in of),
            answered=sum(one.n_answered for one in of),
        )


def by_cohort(estimates: Iterable[Estimate]) -> Iterator[tuple[str, str, Estimate]]:
    """Yield (cohort, value, estimate) of those that are of a cohort."""
    for estimate in estimates:
        if estimate.cohort is not None:
            name, _, value = estimate.cohort.partition("=")
            yield name, value, estimate
