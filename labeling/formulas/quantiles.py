"""Quantiles of weighted answers: their values and 95 % intervals, whatever the distribution.

Source: Woodruff, Confidence intervals for medians and other position measures,
JASA 47 (1952): the limits of the share below the quantile, read as quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.formulas.intervals import Intervals, wilson
from pipelines.columns.buffers import Bools, Floats, Int64s

_ALMOST = 1e-9  # of the weights of a group


@dataclass(frozen=True, slots=True)
class WeightedValues:
    """The values of answers, sorted within their groups, as arrays (A,).

    Attributes:
        value: of each answered row.
        below: the share of its group's weight that lies at or below it.
        weight: its own share of that weight.
        start: where each group begins (G,).
        count: how many answers it has (G,).
    """

    value: Floats
    below: Floats
    weight: Floats
    start: Int64s
    count: Int64s

    def at(self, share: Floats) -> Floats:
        """Return the value below which a share (G,) of each group's weight lies: (G,).

        Between two values where the share falls between them; NaN for a group
        without answers, and where the share is above 1 or unknown.
        """
        share = np.clip(share, 0, None)
        group = np.repeat(np.arange(len(self.count)), self.count)
        is_short = self.below < share[group] - _ALMOST
        place = np.bincount(group[is_short], minlength=len(self.count))
        is_inside = (place < self.count) & ~np.isnan(share)
        first = np.where(is_inside, self.start + place, 0)
        if not len(self.value):
            return np.full(len(self.count), np.nan)
        is_tie = np.abs(self.below[first] - share) <= _ALMOST
        after = np.where(is_tie & (place + 1 < self.count), first + 1, first)
        return np.where(is_inside, (self.value[first] + self.value[after]) / 2, np.nan)


def weighted(value: Floats, weight: Floats, group: Int64s, groups: int) -> WeightedValues:
    """Sort answers within their groups.

    Args:
        value: of each answered row (A,).
        weight: the rows that it stands for (A,).
        group: which group it belongs to, from 0 to groups - 1 (A,).
        groups: G.

    Returns:
        The values, by group and value.
    """
    order = np.lexsort((value, group))
    value, weight, group = value[order], weight[order], group[order]
    total = np.bincount(group, weight, groups)
    weight = weight / total[group]
    count = np.bincount(group, minlength=groups)
    start = np.cumsum(count) - count
    return WeightedValues(value, running_sums(weight, count), weight, start, count)


def running_sums(values: Floats, count: Int64s) -> Floats:
    """Add values up within each group, from its first on.

    One sum over all groups would round differently with the groups that come before.

    Args:
        values: by group (A,).
        count: the values of each group (G,).

    Returns:
        The sum up to and with each value (A,).

    >>> running_sums(np.array([1.0, 2.0, 5.0, 1.0]), np.array([2, 0, 2])).tolist()
    [1.0, 3.0, 5.0, 6.0]
    """
    sums, first = np.empty_like(values), 0
    for many in count.tolist():
        np.cumsum(values[first : first + many], out=sums[first : first + many])
        first += many
    return sums


def quantiles(of: WeightedValues, share: float, rows: Floats, is_whole: Bools) -> Intervals:
    """Estimate a quantile of each group: (G,), in the unit of the values.

    The limits are the values at Wilson's limits of the share, with Kish's
    effective number of answers, (sum w)^2 / sum w^2, corrected for the part of
    the rows that was answered. They are unknown where the answers end before
    the upper one.

    Args:
        of: the answers.
        share: of the rows that lie below the quantile, within (0, 1).
        rows: of each group (G,).
        is_whole: whether every row of the group was answered (G,).

    Returns:
        The quantiles.
    """
    groups = len(of.count)
    group = np.repeat(np.arange(groups), of.count)
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = 1 / np.bincount(group, of.weight**2, groups)
        effective = kish / np.maximum(1 - of.count / rows, 0)
    known = (of.count > 0) & ~is_whole
    limits = wilson(np.full(groups, share), np.where(known, effective, 1.0))
    value = of.at(np.full(groups, share))
    most = 1 - 1 / np.maximum(of.count + 1, 2)  # the largest of n answers is about this quantile
    low, high = of.at(limits.low), of.at(np.where(limits.high <= most, limits.high, np.nan))
    unknown = np.isnan(low) | np.isnan(high)
    low, high = (np.where(unknown, np.nan, end) for end in (low, high))
    return Intervals(value, np.where(is_whole, value, low), np.where(is_whole, value, high))
