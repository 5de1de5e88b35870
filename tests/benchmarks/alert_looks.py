"""One look at a window: whether a line of `[[alerts]]` fires on an estimate, through the product's `looks`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from labeling.estimates.alerts import CROSSED, Watch, looks
from labeling.estimates.estimate import Estimate
from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.intervals import Interval, Intervals
from labeling.formulas.recall_and_f1 import ClassShares
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Int64s
from pipelines.job.sections import AlertLook, AlertRule, Batches

ASKED = 300  # rows of a window
ROWS = 10_000.0
_AT = datetime(2026, 12, 1, tzinfo=UTC)
ESTIMATE = Estimate(
    metric="accuracy",
    class_=None,
    value=None,
    low=None,
    high=None,
    stderr=None,
    value_if_missing_wrong=None,
    value_if_missing_right=None,
    cohort=None,
    period="week",
    window="2026-W45",
    version="v1",
    rows=int(ROWS),
    rows_covered=int(ROWS),
    n_asked=ASKED,
    n_answered=ASKED,
    as_of=_AT,
)


def rule(metric: str = "accuracy", **more: object) -> AlertRule:
    """Return a line of `[[alerts]]`."""
    return AlertRule.model_validate({"metric": metric, **more})


def fires(estimate: Estimate, lines: Sequence[AlertRule]) -> bool:
    """Say whether the first line is crossed by an estimate that is looked at."""
    watch = Watch(lines, AlertLook(), Batches(by="week"))
    whole = replace(estimate, n_asked=estimate.n_answered)
    return looks([whole], watch, at=_AT)[0][0].state == CROSSED


def with_interval(estimate: Estimate, found: Interval, answers: int) -> Estimate:
    """Return an estimate with these limits."""
    return replace(estimate, value=found.value, low=found.low, high=found.high, n_answered=answers)


def of_class(found: Interval, rests_on: ClassShares, answers: int = ASKED) -> Estimate:
    """Return the recall of a rare class."""
    recall = replace(ESTIMATE, metric="recall", class_="rare", rests_on=rests_on)
    return with_interval(recall, found, answers)


def stratum(rows: float, answers: int, found: Int64s) -> Intervals:
    """Return the shares of samples from one stratum: (R,)."""
    many = len(found)
    count, right = np.full(many, float(answers)), found.astype(np.float64)
    size, group = np.full(many, rows), np.arange(many)
    return shares(AnsweredStrata(size, count, count, right / answers, right, group, many))
