"""Recall and F1 of a class: ratios of two shares, their values and 95 % intervals.

Both rest on A, the rows predicted as the class that are right, and B, the rows
of the class that were predicted as another, as shares of all rows. A sample
that holds few of either tells a bound rather than a value: where no missed row
was found, recall would read 100 %, however many there are.

Source: Donner and Zou, Stat. Methods Med. Res. 21 (2012), on ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from labeling.formulas.intervals import (
    Interval,
    Intervals,
    Z,
    effective_answers,
    exact_bound,
    quotient,
)
from labeling.formulas.lost_classes import most_of_lost
from pipelines.columns.buffers import Floats

LEVEL = 0.95  # of the intervals
FOUND = 3  # rows of the class on each side, without which a ratio has no point
_FEW = 5  # rows of a side without an answer, which are no chance but one of a few numbers
_ALMOST = 1e-9  # means over people add up to whole rows but for the last bit


@dataclass(frozen=True, slots=True)
class ClassShares:
    """What recall and F1 of one group rest on.

    Attributes:
        right: the share right among the rows predicted as the class.
        missed: the share of the class among the other rows.
        predicted: the share of all rows predicted as the class, known.
        seen: as how many answers of a simple random sample the answers to those
            rows count at least, see `AnsweredStrata.least`; None: as many as
            would give so long an interval.
    """

    right: Interval
    missed: Interval
    predicted: float
    seen: float | None = None


def recall(right: Intervals, missed: Intervals, predicted: Floats) -> Intervals:
    """Estimate the share of a class's rows that were predicted as it: (G,).

    Args:
        right: the share right among the rows predicted as the class.
        missed: the share of the class among the other rows.
        predicted: the share of all rows predicted as the class, known.

    Returns:
        A / (A + B) = 1 / (1 + B / A), with A and B the two shares as shares of
        all rows, and MOVER limits of B / A. Where no right row was found
        (A = 0), the value is unknown and at most 1 / (1 + low(B) / high(A)):
        0 as soon as a row of the class was found and none was predicted as it.

    Linearised limits cover .77 / .92 / .94 at 5 % prevalence and 100 / 200 /
    400 answers; these cover .92 to 1.
    """
    kept, lost = _sure(right).times(predicted), missed.times(1 - predicted)
    return _inverse(kept, lost, lambda ratio: 1 / (1 + ratio))


def f1(right: Intervals, missed: Intervals, predicted: Floats) -> Intervals:
    """Estimate the harmonic mean of precision and recall: (G,).

    2A / (A + B + Q) = 2 / (1 + (B + Q) / A), with Q the share predicted as the
    class, and A and B as in `recall`.

    Args:
        right: the share right among the rows predicted as the class.
        missed: the share of the class among the other rows.
        predicted: the share of all rows predicted as the class, known.

    Returns:
        The intervals; without a value, and bounded from above, where those of
        `recall` are.
    """
    kept, lost = _sure(right).times(predicted), missed.times(1 - predicted)
    return _inverse(kept, lost.plus(predicted), lambda ratio: 2 / (1 + ratio))


def with_points(ratios: Intervals, right: Floats, missed: Floats) -> Intervals:
    """Keep the value of a ratio where the answers tell one; its limits stay.

    Args:
        ratios: recall or F1 (G,).
        right: rows of the class found among those predicted as it (G,).
        missed: rows of the class found among the others (G,).

    Returns:
        The intervals, with a value where 3 rows were found on each side, and
        where nothing is left to chance, because every row was answered.

    Without a missed row found, recall reads 100 % in 58 / 31 / 10 % of the
    samples of 100 / 200 / 400 answers where it is .56.
    """
    enough = (np.minimum(right, missed) >= FOUND - _ALMOST) | ratios.exact
    return Intervals(np.where(enough, ratios.value, np.nan), ratios.low, ratios.high)


def ratios_of(
    right: Intervals, missed: Intervals, predicted: Floats, left: Sequence[Floats]
) -> tuple[Intervals, Intervals]:
    """Estimate recall and F1, also where few rows of a side have no answer: (G,), (G,).

    MOVER takes the limits of both sides for rare. Where one row of five is left,
    it is right or wrong, and often that is the limit itself. So where five rows or
    fewer are left of a side, the limits reach from the worst of both to the best.

    Args:
        right: the share right among the rows predicted as the class.
        missed: the share of the class among the other rows.
        predicted: the share of all rows predicted as the class, known.
        left: rows without an answer, of those predicted as the class and of the
            others, each (G,).

    Returns:
        The intervals.
    """
    few = np.logical_or(*((rows > 0) & (rows <= _FEW + _ALMOST) for rows in left))
    worst = of_counts(predicted, 1 - predicted, right.low, missed.high)[1:]
    best = of_counts(predicted, 1 - predicted, right.high, missed.low)[1:]
    recalls, f1s = (
        Intervals(
            ratio.value,
            np.where(few, np.fmin(ratio.low, least), ratio.low),
            np.where(few, np.fmax(ratio.high, most), ratio.high),
        )
        for ratio, least, most in zip(
            (of(right, missed, predicted) for of in (recall, f1)), worst, best, strict=True
        )
    )
    return recalls, f1s


def of_counts(
    predicted: Floats, others: Floats, right: Floats, missed: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 from numbers of rows and the shares in them: (G,).

    Args:
        predicted: rows predicted as the class (G,).
        others: the other rows (G,).
        right: the share of the class among the first (G,).
        missed: its share among the others (G,).

    Returns:
        The three; NaN where nothing is known.
    """
    kept = np.where(predicted > 0, predicted * right, 0.0)
    lost = np.where(others > 0, others * missed, 0.0)
    with np.errstate(invalid="ignore"):
        return right, kept / (kept + lost), 2 * kept / (kept + lost + predicted)


def ratio_bound(metric: str, of: ClassShares, error: float, *, upper: bool) -> float:
    """Return an exact one-sided limit of recall or F1.

    Args:
        metric: `recall` or `f1`.
        of: the shares that it rests on.
        error: how often the true ratio may lie beyond the limit, within (0, 1).
        upper: the limit above, else the one below.

    Returns:
        The ratio at the limit of A on one side and that of B on the other, each
        by `exact_bound`. They share the error, unless one of them is known or has
        no answer, so that anything may be. Where no right row was found, the upper
        limit is that of both together (`lost_classes`), which is never higher.
    """
    if upper and of.right.value == 0 and not _is_known(of.right, of.predicted):
        return _of_lost(metric, of, error)
    sides = (of.right, of.predicted), (of.missed, 1 - of.predicted)
    unsure = sum(share.value is not None and not _is_known(share, rows) for share, rows in sides)
    kept, lost = (
        _bound(*side, error / max(unsure, 1), upper=upper == is_kept)
        for side, is_kept in zip(sides, (True, False), strict=True)
    )
    top, bottom = (
        (kept, kept + lost) if metric == "recall" else (2 * kept, kept + lost + of.predicted)
    )
    if bottom > 0:
        return min(top / bottom, 1.0)
    return 1.0 if upper else 0.0


def _of_lost(metric: str, of: ClassShares, error: float) -> float:
    """Return an upper limit where no row predicted as the class was right."""
    low, high = of.right.low or 0.0, 1.0 if of.right.high is None else of.right.high
    half = error if _is_known(of.missed, 1 - of.predicted) else error / 2
    answers = effective_answers(0.0, low, high) if of.seen is None else of.seen
    kept, lost = most_of_lost(of.missed, answers, of.predicted, half)
    ratios = kept / (kept + lost) if metric == "recall" else 2 * kept / (kept + lost + of.predicted)
    return min(float(ratios.max(initial=0.0)), 1.0)


def _sure(right: Intervals) -> Intervals:
    """Take the exact upper limit where no answer was right: Wilson's is below it for a few answers."""
    is_zero = (right.value == 0) & ~right.exact
    high = np.where(is_zero, np.clip(right.high, 0, 1), 1.0)
    with np.errstate(divide="ignore"):
        share = high / (Z**2 * (1 - high))  # at 0, Wilson's limit is z^2 / (n + z^2)
    exact = 1 - ((1 - LEVEL) / 2) ** share
    return Intervals(right.value, right.low, np.where(is_zero, np.fmax(high, exact), right.high))


def _is_known(share: Interval, rows: float) -> bool:
    return rows == 0 or (share.value is not None and share.low == share.high)


def _bound(share: Interval, rows: float, error: float, *, upper: bool) -> float:
    """Return a limit of a share of some rows, as a share of all rows."""
    if rows == 0:
        return 0.0
    if share.value is None or share.low is None or share.high is None:
        return rows if upper else 0.0
    answers = effective_answers(share.value, share.low, share.high)
    return rows * exact_bound(share.value, answers, error, upper=upper)


def _inverse(bottom: Intervals, top: Intervals, of: Callable[[Floats], Floats]) -> Intervals:
    """Return `of(top / bottom)`, which falls from a share at best to 0 at worst."""
    ratio = quotient(top, bottom)
    value, low, high = (np.clip(of(part), 0, 1) for part in (ratio.value, ratio.high, ratio.low))
    exact = top.exact & bottom.exact & (top.value + bottom.value > 0)
    value = np.where(exact & (bottom.value == 0), 0.0, value)
    low, high = np.where(exact, value, low), np.where(exact, value, high)
    unknown = np.isnan(value) | (~exact & (bottom.value == 0))
    most = _at_most(bottom, top, of)
    low = np.where(unknown, 0.0, np.minimum(low, value))
    high = np.where(unknown, most, np.maximum(high, value))
    return Intervals(
        np.where(unknown & (high > 0), np.nan, np.where(unknown, 0.0, value)), low, high
    )


def _at_most(bottom: Intervals, top: Intervals, of: Callable[[Floats], Floats]) -> Floats:
    """Return the largest `of` where nothing was found below: (G,), 1 where the top may be 0, too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.clip(of(top.low / bottom.high), 0, 1)
    return np.where(np.isnan(top.value) | np.isnan(most), 1.0, most)
