"""The calibration error: how far scores lie from the share right, root mean square over ten bins.

The mean of |share right - mean score| over bins is above 0 for a calibrated
model, too, by the noise of its bins: .05 at 100 answers. A square has a noise
that is known and can be taken off, and so limits.

Source: Kumar, Liang and Ma, Verified Uncertainty Calibration, NeurIPS (2019), on
the square without its noise; Imhof, Biometrika 48 (1961), and Satterthwaite,
Biometrics Bulletin 2 (1946), on sums of squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.formulas.intervals import Intervals, Z
from pipelines.columns.buffers import Bools, Floats, Int64s

BINS = 10  # of scores, equally wide
_BORROWED = 2  # answers as the score says, in the variance of each bin
_GRID = 1e6  # scores are compared to six digits, so that a last bit moves no row


@dataclass(frozen=True, slots=True)
class ScoredAnswers:
    """Answered rows as arrays (A,).

    Attributes:
        score: the probability of the predicted label.
        right: the share of people who agree with it.
        weight: the rows that it stands for.
        group: from 0 to groups - 1.
        groups: G.
    """

    score: Floats
    right: Floats
    weight: Floats
    group: Int64s
    groups: int


@dataclass(frozen=True, slots=True)
class _Bins:
    """The bins of each group, as arrays (G, BINS); 0 where a bin has no answer."""

    share: Floats  # of the group's rows
    away: Floats  # the share right less the mean score
    noise: Floats  # the variance of that


def calibration_error(of: ScoredAnswers, is_whole: Bools) -> Intervals:
    """Estimate the calibration error of each group: (G,), within [0, 1].

    Its square is sum W (d^2 - V) over the bins, with W their shares of the rows,
    d the share right less the mean score, and V the variance of d. The square's
    limits are those where it lies 1.96 standard errors away, with variance
    4 c t + 2 sum W^2 V^2 at the square t; the lower one takes the quantile of a
    sum of squares in place of the second term. Nothing in a group of which every
    row was answered is left to chance.

    Args:
        of: the answered rows.
        is_whole: whether every row of the group was answered (G,).

    Returns:
        The errors; without an answer no value, and limits of 0 and 1.
    """
    bins = _bins(of, is_whole)
    own = bins.share * bins.noise
    square = (bins.share * bins.away**2 - own).sum(axis=1)
    noise, double = own.sum(axis=1), (own**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (own * bins.share * bins.away**2).sum(axis=1)
        slope = np.nan_to_num(slope / (bins.share * bins.away**2).sum(axis=1))
        middle = square + 2 * Z**2 * slope
        least = np.nan_to_num(noise * _relative_quantile(noise**2 / double))
        upper = middle + np.sqrt(np.maximum(middle**2 - square**2 + 2 * Z**2 * double, 0))
        lower = middle - np.sqrt(np.maximum(middle**2 - square**2 + least**2, 0))
    value = np.sqrt(np.maximum(square, 0))
    lower = np.where(square > least, lower, 0.0)
    low, high = (np.sqrt(np.clip(end, 0, 1)) for end in (lower, upper))
    unknown = ~(bins.share.sum(axis=1) > 0)
    return Intervals(
        np.where(unknown, np.nan, value),
        np.where(unknown, 0.0, np.where(is_whole, value, np.minimum(low, value))),
        np.where(unknown, 1.0, np.where(is_whole, value, np.maximum(high, value))),
    )


def _bins(of: ScoredAnswers, is_whole: Bools) -> _Bins:
    place = np.ceil(np.rint(of.score * _GRID) / _GRID * BINS).astype(np.int64) - 1
    cell = of.group * BINS + np.clip(place, 0, BINS - 1)

    def total(values: Floats) -> Floats:
        sums = np.bincount(cell, values, of.groups * BINS).astype(np.float64)
        return sums.reshape(of.groups, BINS)

    rows, answered = total(of.weight), total(np.ones(len(cell)))
    with np.errstate(divide="ignore", invalid="ignore"):
        score, right = total(of.weight * of.score) / rows, total(of.weight * of.right) / rows
        count = rows**2 / total(of.weight**2)
        smooth = (right * count + _BORROWED * score) / (count + _BORROWED)
        noise = np.maximum(1 - answered / rows, 0) * smooth * (1 - smooth) / count
        share = rows / rows.sum(axis=1, keepdims=True)
    noise = np.where(is_whole[:, None], 0.0, noise)
    return _Bins(*(np.nan_to_num(part) for part in (share, right - score, noise)))


def _relative_quantile(freedom: Floats) -> Floats:
    """Return by how much the 97.5 % quantile of a sum of squares exceeds its mean, over the mean."""
    from scipy.special import chdtri  # heavy

    return np.asarray(chdtri(freedom, 0.025) / freedom - 1, np.float64)
