"""Bounds: what a metric surely is at least and at most, at an error of choice."""

from __future__ import annotations

from dataclasses import dataclass

from labeling.estimates.amounts import ERRORS
from labeling.estimates.estimate import Estimate
from labeling.formulas.intervals import effective_answers, exact_bound
from labeling.formulas.ratios import ratio_bound

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
    if estimate.metric in ERRORS:
        return _of_errors(estimate, error)
    answers = min(
        effective_answers(estimate.value, estimate.low, estimate.high), _most_answers(estimate)
    )
    low, high = (
        exact_bound(estimate.value, answers, error, upper=upper) for upper in (False, True)
    )
    return Bounds(low, high)


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


def _student(freedom: int, error: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - error))
