"""95 % limits of ROC AUC and of average precision.

A linearised variance is too small where few rows of the class were found, and
it is 0 where all of them rank first. So the limits of an AUC are those of a
score test whose variance is Hanley and McNeil's at the AUC that is tested, with
Kish's effective numbers of rows in and out of the class, times what the
linearised variance is above it. Those of an average precision are Wilson's.

Neither knows of rows on the wrong side of which none was drawn: a design that
asks often about rows predicted as a rare class, and seldom about the others, sees
few that were missed. How many they may be is what the interval of the recall
says, and of rows wrongly predicted as the class that of the specificity (of the
precision, for an average precision). Its reach, times how much worse rows on the
wrong side rank than those on the right one, is added (as variances are); in their
mean rank two rows that rank last are counted. A precision that is lower by one
point lowers the average precision by one point, where the rows on the wrong side
rank at random among those that were found.

Measured at 100 to 400 answers, classes of 2 to 95 % of the rows, scores that are
calibrated or lean, also where 30 to 50 % of a class look like another: both cover
.94 to 1 (`make bench-coverage`).

Sources: Hanley and McNeil, Radiology 143 (1982); Newcombe, Stat. Med. 25 (2006),
on limits of an AUC; Boyd, Eng and Page, ECML (2013), on those of an average
precision; Zou and Donner, Biometrics 64 (2008), on the sum of variances at limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.formulas.intervals import Intervals, Z, wilson
from pipelines.columns.buffers import Floats

_HALVINGS = 40
_STEEP = 2.0  # rows that rank at random among those found lose half a rank, and a whole precision
_UNSEEN = 2  # rows that rank last, in the mean rank of missed rows
ENOUGH = 10  # equal answers in the class and out of it (Kish), without which there is no point


@dataclass(frozen=True, slots=True)
class Side:
    """The answered rows of the class, or those of other classes, as arrays (G,).

    Attributes:
        effective: their effective number (Kish).
        right: the mean rank of those that were predicted so, within [0, 1]; NaN
            without any.
        wrong: the mean rank of the others.
        many_wrong: how many these are.
        share: a share of rows that were predicted right, with its limits, by
            which these rows are known to be few.
    """

    effective: Floats
    right: Floats
    wrong: Floats
    many_wrong: Floats
    share: Intervals

    def reach(self) -> tuple[Floats, Floats]:
        """Return how much lower, and higher, the statistic may be by rows that were not drawn: (G,), (G,)."""
        wrong = np.where(self.many_wrong > 0, self.wrong * self.many_wrong, 0.0)
        lower = np.maximum(self.right - wrong / (self.many_wrong + _UNSEEN), 0)
        of = self.share
        return lower * (of.value - of.low), lower * (of.high - of.value)


@dataclass(frozen=True, slots=True)
class FoundRows:
    """The answered rows of the class and of other classes."""

    of_class: Side
    other: Side


def auc_limits(value: Floats, variance: Floats, rows: FoundRows) -> Intervals:
    """Return the limits of an AUC: (G,).

    Args:
        value: the AUC (G,).
        variance: linearised (G,); 0 where every row was answered.
        rows: what was found.

    Returns:
        The limits, with a value where 10 equal answers tell one.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        more = variance / _variance(value, rows)
    more = np.where(np.isfinite(more), np.maximum(more, 1), 1.0)
    low, high = (_crossing(value, more, rows, to=end) for end in (0.0, 1.0))
    return _decided(Intervals(value, low, high), rows, np.ones(len(value)))


def precision_limits(value: Floats, variance: Floats, rows: FoundRows) -> Intervals:
    """Return the limits of an average precision: (G,).

    Args:
        value: the average precision (G,).
        variance: linearised (G,); 0 where every row was answered.
        rows: what was found.

    Returns:
        The limits, with a value where 10 equal answers tell one.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        answers = value * (1 - value) / variance
    answers = np.where(np.isfinite(answers), answers, rows.of_class.effective)
    return _decided(wilson(value, answers), rows, _STEEP * rows.of_class.share.value)


def _variance(auc: Floats, rows: FoundRows) -> Floats:
    """Return the variance of an AUC, for scores that are exponential within each class: (G,)."""
    inside, outside = rows.of_class.effective, rows.other.effective
    both = np.maximum((inside + outside) / 2 - 1, 0)
    shape = 1 + both * ((1 - auc) / (2 - auc) + auc / (1 + auc))
    return auc * (1 - auc) * shape / (inside * outside)


def _crossing(value: Floats, more: Floats, rows: FoundRows, *, to: float) -> Floats:
    """Return where the value is 1.96 standard errors away, between it and an end: (G,)."""
    near: Floats = value
    far: Floats = np.full(len(value), to)
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            is_beyond = np.abs(value - middle) > Z * np.sqrt(more * _variance(middle, rows))
        near, far = np.where(is_beyond, near, middle), np.where(is_beyond, middle, far)
    return near


def _decided(limits: Intervals, rows: FoundRows, steep: Floats) -> Intervals:
    """Add what rows may change that were not drawn; leave out points that few rows tell: (G,)."""
    value = limits.value
    (missed_low, missed_high), (taken_low, taken_high) = rows.of_class.reach(), rows.other.reach()
    below, above = (
        np.hypot(missed_low, steep * taken_low),
        np.hypot(missed_high, steep * taken_high),
    )
    low = value - np.hypot(value - limits.low, below)
    high = value + np.hypot(limits.high - value, above)
    is_known = ~(np.isnan(low) | np.isnan(high))
    enough = np.minimum(rows.of_class.effective, rows.other.effective) >= ENOUGH
    return Intervals(
        np.where(is_known & enough, value, np.nan),
        np.where(is_known, np.clip(low, 0, 1), 0.0),
        np.where(is_known, np.clip(high, 0, 1), 1.0),
    )
