"""Bounds: what a metric surely is at least and at most, at an error of choice."""

from __future__ import annotations

import math
from dataclasses import dataclass

from labeling.estimates.amounts import ERRORS, LOSSES
from labeling.estimates.estimate import Estimate
from labeling.formulas.intervals import effective_answers, exact_bound
from labeling.formulas.recall_and_f1 import ratio_bound

_ALMOST = 1 - 1e-12  # of a correlation that is 1
_RATIOS = ("recall", "f1")
_UNBOUNDED = "nothing bounds errors from above: a tail that was not drawn shows in no answer"


@dataclass(frozen=True, slots=True)
class Bounds:
    """One-sided limits of the figure of all rows; None is unknown.

    Attributes:
        low: what it is at least.
        high: what it is at most.
        reason: why one of them is unknown, or not to be relied on.
        is_rough: whether `high` may be too low more often than the error says,
            so that no alert should fire on it.
    """

    low: float | None
    high: float | None
    reason: str = ""
    is_rough: bool = False


def bounds(estimate: Estimate, error: float) -> Bounds:
    """Return what the figure of all rows surely is at least and at most.

    A share's limits are exact, with the number of answers of a simple random
    sample that would give as long an interval, and never more than there are,
    corrected for the part of the rows that they make; those of recall and F1 rest on
    the limits of the two shares that they are made of. Of an error of numbers
    they are its interval's sides, lengthened as Student's quantiles are. The
    lower one is safe: errors have a long tail above, so that it is crossed far
    less often than the error says. The upper one is rough, and unknown where
    the figure is unreliable: a tail that was not drawn shows in no answer.

    Args:
        estimate: with its interval.
        error: how often it may lie beyond either limit, within (0, 1).

    Returns:
        The limits.
    """
    if estimate.low is None or estimate.high is None:
        return Bounds(None, None, "the answers are too few for an interval")
    if estimate.low == estimate.high:
        return Bounds(estimate.low, estimate.high)
    if estimate.metric in _RATIOS and estimate.rests_on is not None:
        shares = estimate.rests_on
        low, high = (
            ratio_bound(estimate.metric, shares, error, upper=upper) for upper in (False, True)
        )
        return Bounds(low, high)
    if estimate.value is None:
        return Bounds(None, None, "the answers do not tell the figure")
    return _of_value(estimate, error)


def _of_value(estimate: Estimate, error: float) -> Bounds:
    """Return the limits of a figure that has a value and an interval."""
    if estimate.metric in (*ERRORS, *LOSSES):
        return _of_errors(estimate, error)
    if estimate.metric == "mcc":
        return _of_correlation(estimate, error)
    value, low, high = (end or 0.0 for end in (estimate.value, estimate.low, estimate.high))
    answers = min(effective_answers(value, low, high), _most_answers(estimate))
    least, most = (exact_bound(value, answers, error, upper=upper) for upper in (False, True))
    return Bounds(least, most)


def _most_answers(estimate: Estimate) -> float:
    left = 1 - estimate.n_answered / max(estimate.rows_covered, 1)
    return estimate.n_answered / left if left > 0 else float("inf")


def _of_errors(estimate: Estimate, error: float) -> Bounds:
    value, low, high = estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0
    freedom = max(estimate.n_answered - 1, 1)
    longer = _student(freedom, error) / _student(freedom, 0.025)
    least = max(value - (value - low) * longer, 0.0)
    most = value + (high - value) * longer if estimate.reliable else None
    return Bounds(least, most, _UNBOUNDED, is_rough=True)


def _of_correlation(estimate: Estimate, error: float) -> Bounds:
    """Lengthen the sides of the interval as Student's quantiles are, on Fisher's scale."""
    value, low, high = (
        math.atanh(min(max(end or 0.0, -_ALMOST), _ALMOST))
        for end in (estimate.value, estimate.low, estimate.high)
    )
    freedom = max(estimate.n_answered - 1, 1)
    longer = _student(freedom, error) / _student(freedom, 0.025)
    least, most = value - (value - low) * longer, value + (high - value) * longer
    return Bounds(math.tanh(least), math.tanh(most))


def _student(freedom: int, error: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - error))
