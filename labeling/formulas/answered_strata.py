"""Answered strata: what a stratified sample says of each stratum, as arrays that formulas work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.columns.buffers import Floats, Int64s


@dataclass(frozen=True, slots=True)
class AnsweredStrata:
    """The strata of G groups as arrays (H,), which together cover each group's rows.

    Attributes:
        size: rows that the stratum's answers stand for.
        answered: rows of it with an answer.
        effective: the answers that count: `answered`, or fewer where a merged
            stratum's answers differ in weight (Kish, Survey Sampling, 1965).
        mean: the mean of the answers' correctness, each within [0, 1].
        right: the sum of the answers' correctness, none weighted.
        group: which group the stratum belongs to, from 0 to groups - 1.
        groups: G.
    """

    size: Floats
    answered: Floats
    effective: Floats
    mean: Floats
    right: Floats
    group: Int64s
    groups: int

    def total(self, values: Floats) -> Floats:
        """Add up a quantity of the strata (H,) by group: (G,)."""
        return np.bincount(self.group, values, minlength=self.groups).astype(np.float64)

    @property
    def weight(self) -> Floats:
        """Each stratum's share of its group's rows: (H,)."""
        return self.size / self.total(self.size)[self.group]

    @property
    def value(self) -> Floats:
        """The mean over each group's rows: (G,), NaN without an answer."""
        mean = self.total(self.weight * self.mean)
        return np.where(self.total(self.answered) > 0, mean, np.nan)

    @property
    def open(self) -> npt.NDArray[np.bool_]:
        """Strata in which rows without an answer are left: (H,)."""
        return self.answered < self.size

    @property
    def left(self) -> Floats:
        """The share of each stratum's rows without an answer: (H,), 0 for a complete one."""
        part = np.divide(self.answered, self.size, out=np.ones_like(self.size), where=self.open)
        return np.where(self.open, 1 - part, 0.0)

    @property
    def least(self) -> Floats:
        """As how many answers of a simple random sample the answers count at least: (G,).

        The smallest n_h / W_h of the strata that are not complete: where a share p of
        a group's rows is right, the chance that no answer is lies under (1 - p) to
        this power, however the strata divide p. Infinite where every row was answered.
        """
        least = np.full(self.groups, np.inf)
        is_open = self.open & (self.weight > 0)
        np.minimum.at(least, self.group[is_open], (self.effective / self.weight)[is_open])
        return least


def strata(size: npt.ArrayLike, answered: npt.ArrayLike, right: npt.ArrayLike) -> AnsweredStrata:
    """Return the strata of one group.

    Args:
        size: rows per stratum (H,).
        answered: rows with an answer per stratum (H,).
        right: the sum of their correctness per stratum (H,).

    Returns:
        The strata (H,).

    Raises:
        ValueError: more right than answered, or more answered than there are.
    """
    rows, count, good = (np.asarray(part, np.float64) for part in (size, answered, right))
    if not ((good >= 0).all() and (good <= count).all() and (count <= rows).all()):
        raise ValueError("each stratum needs 0 <= right <= answered <= size")
    mean = np.divide(good, count, out=np.zeros_like(good), where=count > 0)
    return AnsweredStrata(rows, count, count, mean, good, np.zeros(len(rows), np.int64), 1)


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
    """Return the variance of a statistic of each group, from the influence of its rows: (G,).

    A smooth statistic moves with its sample as the weighted mean of one number
    per row does, so its variance is that of a stratified mean.

    A stratum with a single answer takes the variance within the strata of its
    group; one that was answered in full has none. NaN without an answer.

    Args:
        influence: of each row (A,).
        of: the rows.

    Sources: Woodruff, JASA 66 (1971), on linearisation; Cochran, Sampling
        Techniques, 3rd ed. (1977), ch. 5.
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
