"""The variance of a statistic of a stratified sample, from the influence of each answered row.

A smooth statistic moves with its sample as the mean of one number per row does:
the row's influence. So its variance is that of a stratified mean.

Sources: Woodruff, JASA 66 (1971), on linearisation; Cochran, Sampling
Techniques, 3rd ed. (1977), ch. 5, on the variance of a stratified mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Floats, Int64s


@dataclass(frozen=True, slots=True)
class WeightedRows:
    """Answered rows as arrays (A,), which are strata of G groups.

    Attributes:
        weight: the rows that each stands for.
        stratum: the code of its stratum.
        group: from 0 to groups - 1.
        groups: G.
    """

    weight: Floats
    stratum: Int64s
    group: Int64s
    groups: int


def variance(influence: Floats, of: WeightedRows) -> Floats:
    """Return the variance of the weighted mean of each group's influences: (G,).

    A stratum with a single answer takes the variance within the strata of its
    group; one that was answered in full has none. NaN without an answer.

    Args:
        influence: of each row (A,).
        of: the rows.
    """
    strata = int(of.stratum.max(initial=-1)) + 1
    cell, place = np.unique(of.group * strata + of.stratum, return_inverse=True)
    count = np.bincount(place, minlength=len(cell)).astype(np.float64)
    size = np.bincount(place, of.weight, len(cell))
    away = influence - (np.bincount(place, influence, len(cell)) / np.maximum(count, 1))[place]
    second, group = np.bincount(place, away**2, len(cell)), cell // max(strata, 1)
    freedom = np.bincount(group, np.maximum(count - 1, 0), of.groups)
    pooled = np.bincount(group, second, of.groups) / np.maximum(freedom, 1)
    spread = np.where(count > 1, second / np.maximum(count - 1, 1), pooled[group])
    left = np.maximum(1 - count / np.maximum(size, 1), 0)
    whole = np.bincount(group, size, of.groups)
    sums = np.bincount(group, size**2 * left * spread / np.maximum(count, 1), of.groups)
    return np.divide(sums, whole**2, out=np.full(of.groups, np.nan), where=whole > 0)
