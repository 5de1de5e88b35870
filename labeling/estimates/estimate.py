"""Estimates: every metric, by cohort, period, window and version, as known at a time.

Designs, samples and annotations are read, never predictions. A window's figure
is computed once from all strata of its batches; averaging the batches'
intervals would be wrong. The same tables with the same `as_of` give the same
estimates, whatever was added later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import product

import numpy as np
import pyarrow as pa

from labeling.estimates.evidence import Evidence, evidence
from labeling.estimates.metrics import Counts, Figures, counts, families, whole
from labeling.estimates.row_sets import View
from labeling.estimates.windows import PERIODS, Period, windows
from labeling.formulas.intervals import Interval, effective_answers, wilson
from labeling.formulas.mean_errors import UNRELIABLE
from pipelines.columns.buffers import Floats
from pipelines.columns.timezones import EPOCH
from pipelines.models.catalogue import TaskType

ESTIMATOR_VERSION = "1"  # raised when a formula changes

_UNBOUNDED = ("mae", "rmse")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is estimated."""

    task: TaskType
    answers: tuple[str, ...] = ()  # the job's answer set, canonical; empty: all that occur
    metrics: tuple[str, ...] = ()  # all of the task, when empty

    def has(self, metric: str) -> bool:
        """Say whether a metric is wanted."""
        return not self.metrics or metric in self.metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One metric of one cohort in one window, as known at one time; None stands for unknown."""

    metric: str
    class_: str | None
    value: float | None
    low: float | None
    high: float | None
    stderr: float | None  # (high - low) / 3.92
    value_if_missing_wrong: float | None
    value_if_missing_right: float | None
    cohort: str | None  # column=value; None is all rows
    period: Period
    window: str
    version: str | None  # None where the window holds several
    rows: int
    rows_covered: int  # in strata that have an answer
    n_asked: int
    n_answered: int
    as_of: datetime  # when the last fact that it rests on became known
    largest: float | None = None  # share of one answer in the sum, for mae and rmse

    @property
    def is_partial(self) -> bool:
        """Whether some of the rows are in batches or strata of which nothing is known."""
        return self.rows_covered < self.rows

    @property
    def reliable(self) -> bool:
        """Whether no single answer makes more than a tenth of the sum."""
        return self.largest is None or self.largest <= UNRELIABLE

    def record(self) -> dict[str, object]:
        """Return the columns of `estimates` that this module knows, under their names there."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        del named["largest"]
        named["class"] = named.pop("class_")
        return named | {"estimator_version": ESTIMATOR_VERSION}


@dataclass(frozen=True, slots=True)
class Scoring:
    """One scoring of a batch; of batches that nobody drew from, all that is known."""

    batch: str
    version: str
    rows: int  # predictions
    known_at: datetime


@dataclass(frozen=True, slots=True)
class _Windows:
    """The windows of one period, as a view, with what each holds."""

    period: Period
    names: list[str]
    versions: list[str | None]
    as_of: list[datetime]
    undrawn: list[int]  # rows of its batches that nobody drew from
    view: View


def estimates(
    designs: pa.Table,
    samples: pa.Table,
    annotations: pa.Table,
    *,
    wanted: Wanted,
    scored: Sequence[Scoring] = (),
    as_of: datetime | None = None,
) -> list[Estimate]:
    """Estimate every metric of every cohort in every window.

    Args:
        designs: of one job, in the columns of `schemas.DESIGNS`.
        samples: in the columns of `schemas.SAMPLES`.
        annotations: in the columns of `schemas.ANNOTATIONS`.
        wanted: the task, its answers and metrics.
        scored: every scoring, so that `rows` holds those of batches without a draw.
        as_of: only what was known then counts, that moment included.

    Returns:
        By period, window, version, cohort and metric. A batch has one row with
        period `batch`; a longer window has one for all its batches and, where
        they were scored by several versions, one for each. Cohorts of which
        nothing was asked in a window are left out.
    """
    known = [one for one in scored if as_of is None or one.known_at <= as_of]
    return of_evidence(evidence(designs, samples, annotations, as_of), wanted, known)


def of_evidence(facts: Evidence, wanted: Wanted, scored: Sequence[Scoring] = ()) -> list[Estimate]:
    """Estimate as `estimates` does, from evidence that is there already."""
    newest = {one.batch: one for one in sorted(scored, key=lambda one: one.known_at)}
    undrawn = [one for batch, one in newest.items() if one.rows and batch not in facts.batches]
    spans = list(_spans(facts, undrawn))
    everyone = whole(facts, wanted.task)
    figures: list[list[Figures]] = [[] for _ in spans]
    for family in families(facts, wanted.task, wanted.answers or facts.labels):
        for span, found in zip(spans, figures, strict=True):
            found += [one for one in family.figures(span.view) if wanted.has(one.metric)]
    return [
        estimate
        for span, found in zip(spans, figures, strict=True)
        for estimate in _listed(span, counts(everyone, span.view), found)
    ]


def widest(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Keep of each window's figures the one over all its versions."""
    found: dict[tuple[object, ...], Estimate] = {}
    for one in estimates:
        key = (one.metric, one.class_, one.cohort, one.period, one.window)
        if key not in found or one.rows > found[key].rows:
            found[key] = one
    return list(found.values())


def more_answers(estimate: Estimate, more: int) -> float | None:
    """Return half the length that the interval would have with so many more answers.

    Spread as the present ones are, over rows that are not answered yet. None
    where nothing is known of the present length. With no answer yet, a share
    is taken to be one half, the worst case.
    """
    if estimate.low is None or estimate.high is None:
        return None
    n = estimate.n_answered + more
    left = max(estimate.rows - n, 0)
    if estimate.value is None:
        return _half(0.5, n * estimate.rows / left) if left else 0.0
    before = estimate.n_answered / max(estimate.rows - estimate.n_answered, 1)
    gain = n / left / before if left else np.inf
    if estimate.metric in _UNBOUNDED:
        return float((estimate.high - estimate.low) / 2 / np.sqrt(gain))
    answers = effective_answers(estimate.value, estimate.low, estimate.high)
    return _half(estimate.value, answers * gain)


def _half(value: float, answers: float) -> float:
    found = wilson(np.array([value]), np.array([answers]))
    return float(found.high[0] - found.low[0]) / 2


def _spans(facts: Evidence, undrawn: Sequence[Scoring]) -> Iterator[_Windows]:
    """Yield the windows of each period, then those that hold several versions, by version."""
    lying = [windows(batch) for batch in facts.batches]
    versions = [version or "" for version in facts.versions]
    for period in PERIODS:
        names = [found.get(period) for found in lying]
        rest = [(windows(one.batch).get(period), one) for one in undrawn]
        latest = _latest(facts, names, rest)
        rows = Counter[tuple[str | None, str]]()
        for name, one in rest:
            rows[name, ""] += one.rows
            rows[name, one.version] += one.rows
        everything = [(name, "") if name else None for name in names]
        yield from _span(facts, period, everything, rows, latest)
        held = {(name, version) for name, version in zip(names, versions, strict=True)}
        many = {name for name, number in Counter(name for name, _ in held).items() if number > 1}
        keys = [
            (name, version) if name in many and name else None
            for name, version in zip(names, versions, strict=True)
        ]
        yield from _span(facts, period, keys, rows, latest)


def _latest(
    facts: Evidence, names: Sequence[str | None], rest: Sequence[tuple[str | None, Scoring]]
) -> dict[str | None, datetime]:
    """Say when the last fact of each window became known.

    Whatever its version: a batch that was replaced by another version is a
    fact for the one that it left.
    """
    found: dict[str | None, datetime] = {}
    moments = [_moment(micros) for micros in facts.known_at.tolist()]
    known = [*zip(names, moments, strict=True), *((name, one.known_at) for name, one in rest)]
    for name, moment in known:
        found[name] = max(moment, found.get(name, moment))
    return found


def _span(
    facts: Evidence,
    period: Period,
    keys: Sequence[tuple[str, str] | None],
    undrawn: Counter[tuple[str | None, str]],
    latest: Mapping[str | None, datetime],
) -> Iterator[_Windows]:
    """Yield the windows of these keys, one key a batch; nothing where no batch has one."""
    distinct = sorted({key for key in keys if key})
    if not distinct:
        return
    codes = {key: code for code, key in enumerate(distinct)}
    code = np.array([codes[key] if key else -1 for key in keys], dtype=np.int64)
    inside = [np.flatnonzero(code == place) for place in range(len(distinct))]
    yield _Windows(
        period=period,
        names=[name for name, _ in distinct],
        versions=[_only({facts.versions[batch] for batch in batches}) for batches in inside],
        as_of=[latest[name] for name, _ in distinct],
        undrawn=[undrawn[key] for key in distinct],
        view=View(facts, code, len(distinct)),
    )


def _only(versions: set[str | None]) -> str | None:
    return next(iter(versions)) if len(versions) == 1 else None


def _moment(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(micros))


def _listed(span: _Windows, rows: Counts, figures: Sequence[Figures]) -> Iterator[Estimate]:
    """Yield the estimates of one period: by window, then cohort, then metric."""
    domains, many = span.view.evidence.domains, span.view.windows
    tally = [part.astype(np.int64).tolist() for part in rows.parts()]
    columns = [[_optional(part) for part in one.parts()] for one in figures]
    for window, domain in product(range(many), range(len(domains))):
        group = domain * many + window
        size, covered, asked, answered = (part[group] for part in tally)
        if domain and not asked:
            continue
        size += 0 if domain else span.undrawn[window]  # its rows are of no known cohort
        for one, parts in zip(figures, columns, strict=True):
            value, low, high, wrong, right, largest = (part[group] for part in parts)
            yield Estimate(
                metric=one.metric,
                class_=one.class_,
                value=value,
                low=low,
                high=high,
                stderr=Interval(value, low, high).stderr,
                value_if_missing_wrong=wrong,
                value_if_missing_right=right,
                cohort=domains[domain],
                period=span.period,
                window=span.names[window],
                version=span.versions[window],
                rows=size,
                rows_covered=covered,
                n_asked=asked,
                n_answered=answered,
                as_of=span.as_of[window],
                largest=largest,
            )


def _optional(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124
