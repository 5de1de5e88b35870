"""Cells, the finest parts of a sample whose sizes are known, and their merging.

A cell is one stratum of one batch, or the part of it that belongs to a cohort
or was predicted as a class. Few cells of a small cohort hold the 2 answers
that a variance needs; those that do not are merged with a neighbour: first of
the same batch and label, then of the same label, then any. Sampling rates
differ between strata, so within a merged one each answer counts with the rows
that it stands for.

All functions take and give arrays, and their results do not depend on the
order in which cells come.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from labeling.formulas.intervals import Floats
from labeling.formulas.mean_errors import Spread
from labeling.formulas.shares import AnsweredStrata, Integers

Bools = npt.NDArray[np.bool_]

_ENOUGH = 2  # answers, without which a stratum has no variance


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells as arrays (C,).

    Attributes:
        group: what the cell is a part of: one cohort in one window.
        place: its position in the order of (label, batch, stratum), the same
            number for the same stratum of the same batch.
        size: rows, known.
        stands: rows that one drawn row of the stratum stands for, 1 / its
            inclusion probability.
        answered: drawn rows with an answer.
        total: the sum of the answers' losses, or of their correctness.
        second: the sum of squared deviations from the cell's mean.
        third: the sum of cubed deviations from the cell's mean.
    """

    group: Integers
    place: Integers
    size: Floats
    stands: Floats
    answered: Floats
    total: Floats
    second: Floats
    third: Floats

    def take(self, where: npt.NDArray[np.generic]) -> Cells:
        """Return the cells at these positions or under this mask, in that order."""
        return Cells(*(getattr(self, field.name)[where] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Which strata are alike: their codes by `place` (P,)."""

    label: Integers
    batch: Integers


@dataclass(frozen=True, slots=True)
class MergedStrata:
    """Cells in the order of (group, place), and where each merged stratum starts."""

    cells: Cells
    first: Integers  # (B,) positions
    order: Integers  # (C,) where each cell stood before

    def strata(self, groups: int) -> AnsweredStrata:
        """Pool each block to one stratum; answers count with the rows they stand for."""
        cells, count = self.cells, self._sums(self.cells.answered)
        rows = cells.stands * cells.answered
        weight = self._sums(rows)
        kish = _ratio(weight**2, self._sums(cells.stands * rows))
        return AnsweredStrata(
            size=self._sums(cells.size),
            answered=count,
            effective=np.where(self._lengths() == 1, count, kish),
            mean=_ratio(self._sums(cells.stands * cells.total), weight),
            group=cells.group[self.first],
            groups=groups,
        )

    def spread(self, groups: int) -> Spread:
        """Pool each block to one stratum with the variance and skewness of its errors."""
        strata, cells = self.strata(groups), self.cells
        own = _ratio(cells.total, cells.answered)
        away = own - np.repeat(strata.mean, self._lengths())
        second = cells.second + cells.answered * away**2
        third = cells.third + 3 * away * cells.second + cells.answered * away**3
        weight, n = self._sums(cells.stands * cells.answered), strata.effective
        variance = _ratio(self._sums(cells.stands * second), weight) * _ratio(n, n - 1)
        cube = _ratio(self._sums(cells.stands * third), weight)
        cube = np.where(n > _ENOUGH, cube * _ratio(n**2, (n - 1) * (n - 2)), 0.0)
        return Spread(strata, variance, cube)

    def _sums(self, values: Floats) -> Floats:
        return _sums(values, self.first)

    def _lengths(self) -> Integers:
        return np.diff(self.first, append=len(self.cells.size))


def blocks(cells: Cells, near: Neighbours) -> MergedStrata:
    """Merge cells until each holds enough answers, or the group has no more.

    A cell lacks answers if it has fewer than 2 and rows without one. A group
    whose answers are fewer than 2 in all ends as one block.
    """
    order = np.lexsort((cells.place, cells.group))
    cells = cells.take(order)
    label, batch = near.label[cells.place], near.batch[cells.place]
    first: Integers = np.arange(len(cells.size))
    for keys in ((cells.group, label, batch), (cells.group, label), (cells.group,)):
        first = _merged(first, _changes(*keys), cells)
    return MergedStrata(cells, first, order)


def _merged(first: Integers, apart: Bools, cells: Cells) -> Integers:
    """Merge blocks that lack answers, within what `apart` (C,) keeps apart, while it helps."""
    while True:
        count = _sums(cells.answered, first)
        lacks = (count < _ENOUGH) & (count < _sums(cells.size, first))
        joins = _joined(count, lacks, apart[first])
        if not joins.any():
            return first
        first = first[~joins]


def _joined(count: Floats, lacks: Bools, apart: Bools) -> Bools:
    """Say which blocks are joined to the one before them: (B,).

    A run of lacking blocks is cut after every 2 answers. What remains at its
    end joins the block on the right of the run, else the one on the left.
    """
    starts = lacks & (apart | ~np.concatenate([[False], lacks[:-1]]))
    before = np.cumsum(np.where(lacks, count, 0.0)) - count
    run = np.cumsum(starts)
    part = (before - np.append(0.0, before[starts])[run]) // _ENOUGH
    joins = lacks & ~starts & (part == np.concatenate([[-1.0], part[:-1]]))
    first = np.flatnonzero(~joins)
    short = lacks[first] & (_sums(count, first) < _ENOUGH)
    after, bound = np.append(first[1:], len(count)), np.append(apart, np.True_)
    joins = np.append(joins, np.False_)
    joins[after[short & ~bound[after]]] = True
    joins[first[short & bound[after] & ~apart[first]]] = True
    return joins[:-1]


def _changes(*keys: Integers) -> Bools:
    """Say where any key differs from the row before: (C,), True at the first row."""
    changes = np.zeros(len(keys[0]), dtype=np.bool_)
    changes[:1] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return changes


def _sums(values: Floats, first: Integers) -> Floats:
    return np.add.reduceat(values, first) if len(first) else np.zeros(0)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; 0 where nothing is below."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0)
