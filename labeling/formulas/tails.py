"""Tails of errors: whether a sample shows the tail that its mean error rests on.

A few large errors carry a mean, and a sample that missed them is too low and
too sure of itself at once. So a large answer is no warning; what warns is one
that is not there. The body of the answers (their median and their 90 % point)
does not depend on the few largest. Were the errors lognormal, it would foretell
how far the largest tenth lies above the 90 % point. Where that tenth is much
smaller, the tail was missed. A mean of squares rests on the tail almost alone:
it is relied on only where many answers show that there is none to speak of.

Measured on hourly counts with a skewed tail, alone and times lognormal errors
with sigma .8 and 1.3, 25 to 1,000 answers: the intervals of MAE without a mark
cover .91 to .95, where all of them cover .90 to .94.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Bools, Floats, Int64s

_POINT = 1.2815515655446004  # the normal distribution's 90 % point
_FEW = 20  # answers, below which no tail shows
_SKEWED = 1.1  # the spread of logarithms from which on a tail is looked for
_MISSED = 0.7  # of the tail that the body foretells
_MANY, _THIN, _DOUBT = 100, 1.75, 3.0  # of squares: answers, and twice the spread at most


@dataclass(frozen=True, slots=True)
class Tails:
    """The tails of the absolute errors of G groups, as arrays (G,).

    Attributes:
        answers: how many there are.
        spread: the standard deviation of the logarithms of errors, from the
            median and the 90 % point; infinite where the median is 0.
        excess: the mean of the largest tenth over the 90 % point.
    """

    answers: Floats
    spread: Floats
    excess: Floats

    @property
    def mean_is_reliable(self) -> Bools:
        """Whether the interval of the mean absolute error may be relied on: (G,)."""
        with np.errstate(invalid="ignore"):
            is_seen = self.excess >= _MISSED * _foretold(self.spread)
        return (self.answers >= _FEW) & (~(self.spread > _SKEWED) | is_seen)

    @property
    def square_is_reliable(self) -> Bools:
        """Whether the interval of the root mean squared error may be relied on: (G,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            is_thin = 2 * self.spread * (1 + _DOUBT / np.sqrt(self.answers)) <= _THIN
        return (self.answers >= _MANY) & is_thin


def tails(errors: Floats, group: Int64s, groups: int) -> Tails:
    """Measure the tails of errors.

    Args:
        errors: absolute, one per answered row (A,).
        group: which group the row belongs to, from 0 to groups - 1 (A,).
        groups: G.

    Returns:
        The tails; of a group without errors, with 0 answers.
    """
    order = np.lexsort((errors, group))
    values = errors[order]
    count = np.bincount(group, minlength=groups)
    start = np.cumsum(count) - count
    median, high = (_quantile(values, start, count, share) for share in (0.5, 0.9))
    largest = np.maximum(count // 10, 3)
    place = np.arange(len(values)) - np.repeat(start, count)
    is_top = place >= np.repeat(count - largest, count)
    top = np.repeat(np.arange(groups), count)[is_top]
    kept = np.maximum(np.minimum(largest, count), 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = np.log(high / median) / _POINT
        excess = np.bincount(top, values[is_top], groups) / kept / high
    return Tails(
        answers=count.astype(np.float64),
        spread=np.where(np.isnan(spread), np.inf, spread),
        excess=np.nan_to_num(excess, posinf=0.0),
    )


def _foretold(spread: Floats) -> Floats:
    """Return the mean of a lognormal's largest tenth over its 90 % point: (G,)."""
    from scipy.special import ndtr  # heavy, and classes do not need it

    finite = np.minimum(spread, 30.0)
    return np.exp(finite**2 / 2 - _POINT * finite) * ndtr(finite - _POINT) / 0.1


def _quantile(values: Floats, start: Int64s, count: Int64s, share: float) -> Floats:
    """Return a quantile of each group's sorted values, between two of them: (G,), NaN below 2."""
    at = np.clip(share * count - 0.5, 0, np.maximum(count - 2, 0))
    below = np.floor(at).astype(np.int64)
    enough = count >= 2
    first = np.where(enough, start + below, 0)
    if not len(values):
        return np.full(len(count), np.nan)
    part = at - below
    found = values[first] * (1 - part) + values[np.minimum(first + 1, len(values) - 1)] * part
    return np.where(enough, found, np.nan)
