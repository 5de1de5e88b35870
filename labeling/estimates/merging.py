"""Merging of cells: the finest parts of a sample whose sizes are known become strata.

A cell is one stratum of one batch, or the part of it that belongs to a cohort
or was predicted as a class. What each answer stands for is decided first
(`weighting`), and no merging changes it: merged strata only serve the variance,
which needs 2 answers. Cells that have fewer are merged with a neighbour: first of
the same batch and label, then of the same batch, then any.

All functions take and give arrays, and their results do not depend on the
order in which cells come.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from labeling.estimates.weighting import ENOUGH, answer_weights, levels
from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.mean_errors import Spread
from pipelines.columns.buffers import Bools, Floats, Int64s


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells as arrays (C,).

    Attributes:
        group: what the cell is a part of: one cohort in one window.
        place: its position in the order of (batch, label, stratum), the same
            number for the same stratum of the same batch.
        pooled: whether it is part of a stratum with too few questions to be a
            stratum of its own.
        size: rows, known.
        weight: the design weight of the stratum's drawn rows, 1 / inclusion
            probability; in `MergedStrata`, the rows that an answer stands for.
        answered: drawn rows with an answer.
        total: the sum of the answers' losses, or of their correctness.
        second: the sum of squared deviations from the cell's mean.
        third: the sum of cubed deviations from the cell's mean.
    """

    group: Int64s
    place: Int64s
    pooled: Bools
    size: Floats
    weight: Floats
    answered: Floats
    total: Floats
    second: Floats
    third: Floats

    def take(self, where: npt.NDArray[np.generic]) -> Cells:
        """Return the cells at these positions or under this mask, in that order."""
        return Cells(*(getattr(self, field.name)[where] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The label and the batch of each stratum, by its `place` (D,): those that are alike merge first."""

    label: Int64s
    batch: Int64s


@dataclass(frozen=True, slots=True)
class MergedStrata:
    """Answered cells, those of a merged stratum side by side, and where each stratum starts."""

    cells: Cells
    first: Int64s  # (H,) positions

    def strata(self, groups: int) -> AnsweredStrata:
        """Pool each merged stratum; an answer counts with the rows that it stands for."""
        cells, count = self.cells, self._sums(self.cells.answered)
        rows = cells.weight * cells.answered
        weights = self._sums(rows)
        kish = _ratio(weights**2, self._sums(cells.weight * rows))
        return AnsweredStrata(
            size=weights,
            answered=count,
            effective=np.where(self._lengths() == 1, count, kish),
            mean=_ratio(self._sums(cells.weight * cells.total), weights),
            right=self._sums(cells.total),
            group=cells.group[self.first],
            groups=groups,
        )

    def spread(self, groups: int) -> Spread:
        """Pool each merged stratum, with the variance and skewness of its errors."""
        strata, cells = self.strata(groups), self.cells
        mean = _ratio(cells.total, cells.answered)
        away = mean - np.repeat(strata.mean, self._lengths())
        second = cells.second + cells.answered * away**2
        third = cells.third + 3 * away * cells.second + cells.answered * away**3
        weights, n = self._sums(cells.weight * cells.answered), strata.effective
        variance = _ratio(self._sums(cells.weight * second), weights) * _ratio(n, n - 1)
        cube = _ratio(self._sums(cells.weight * third), weights)
        cube = np.where(n > ENOUGH, cube * _ratio(n**2, (n - 1) * (n - 2)), 0.0)
        return Spread(strata, variance, cube)

    def _sums(self, values: Floats) -> Floats:
        return _sums(values, self.first)

    def _lengths(self) -> Int64s:
        return np.diff(self.first, append=len(self.cells.size))


def weights_of(cells: Cells, near: Neighbours) -> Floats:
    """Return the rows that each answer of a cell stands for: (C,); see `weighting`."""
    beside = (near.label[cells.place], near.batch[cells.place])
    of = levels(cells.group, cells.place, cells.pooled, beside)
    return answer_weights(of, cells.size, cells.weight, cells.answered)


def merged(cells: Cells, near: Neighbours) -> MergedStrata:
    """Merge answered cells to strata that hold enough answers, as far as the group has them.

    A cell lacks answers if it has fewer than 2 and rows without one. A group
    whose answers are fewer than 2 in all ends as one stratum. Cells that are
    pooled make one stratum in each batch of a group.
    """
    batch = near.batch[cells.place]
    cells = cells.take(np.lexsort((cells.place, ~cells.pooled, batch, cells.group)))
    cells = replace(cells, weight=weights_of(cells, near)).take(cells.answered > 0)
    label, batch = near.label[cells.place], near.batch[cells.place]
    starts = _changes(cells.group, batch, np.where(cells.pooled, -1, cells.place))
    first: Int64s = np.flatnonzero(starts)
    for keys in ((cells.group, batch, label), (cells.group, batch), (cells.group,)):
        first = _merge_within(first, _changes(*keys), cells)
    return MergedStrata(cells, first)


def _merge_within(first: Int64s, apart: Bools, cells: Cells) -> Int64s:
    """Merge strata that lack answers, within what `apart` (C,) keeps apart, while it helps."""
    while True:
        count = _sums(cells.answered, first)
        lacks = (count < ENOUGH) & (count < _sums(cells.size, first))
        joins = _joined(count, lacks, apart[first])
        if not joins.any():
            return first
        first = first[~joins]


def _joined(count: Floats, lacks: Bools, apart: Bools) -> Bools:
    """Say which strata are joined to the one before them: (H,).

    A run of lacking strata is cut after every 2 answers. What remains at its
    end joins the stratum on the right of the run, else the one on the left.
    """
    starts = lacks & (apart | ~np.concatenate([[False], lacks[:-1]]))
    before = np.cumsum(np.where(lacks, count, 0.0)) - count
    run = np.cumsum(starts)
    part = (before - np.append(0.0, before[starts])[run]) // ENOUGH
    joins = lacks & ~starts & (part == np.concatenate([[-1.0], part[:-1]]))
    first = np.flatnonzero(~joins)
    short = lacks[first] & (_sums(count, first) < ENOUGH)
    after, bound = np.append(first[1:], len(count)), np.append(apart, np.True_)
    joins = np.append(joins, np.False_)
    joins[after[short & ~bound[after]]] = True
    joins[first[short & bound[after] & ~apart[first]]] = True
    return joins[:-1]


def _changes(*keys: Int64s) -> Bools:
    """Say where any key differs from the row before: (C,), True at the first row."""
    changes = np.zeros(len(keys[0]), dtype=np.bool_)
    changes[:1] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return changes


def _sums(values: Floats, first: Int64s) -> Floats:
    return np.add.reduceat(values, first) if len(first) else np.zeros(0)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; 0 where nothing is below."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0)
