"""Row sets: known sets of rows with one question about each row, and their cells.

All rows are one set (is the prediction right?); for each class, the rows
predicted as it are another (the same question), and the other rows a third
(are they of that class after all?). The cells of a set are its rows by stratum
and cohort. A cohort in a window is a group, and every group gets its own strata.

A batch that is not covered (nothing was answered yet, or people have just begun and
the window is a wider one) says nothing about its window's value; its rows count as
asked, and in what missing answers could change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.merging import Cells, MergedStrata, merged, weights_of
from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.mean_errors import Spread
from pipelines.columns.buffers import Bools, Floats, Int64s

_FULL = 8  # questions from which on a part of a stratum is a stratum of its own


@dataclass(frozen=True, slots=True)
class View:
    """One way to put batches into windows. The code of a group is `domain * windows + window`."""

    evidence: Evidence
    window: Int64s  # (B,) code of each batch's window, -1 outside
    windows: int
    covered: Bools  # (B,) whether the batch has answers enough for its window

    @property
    def groups(self) -> int:
        """G: the number of cohorts (all rows being one) times windows."""
        return len(self.evidence.domains) * self.windows


@dataclass(frozen=True, slots=True)
class RowSet:
    """The cells of a row set, as arrays (C,); the sums are as in `merging.Cells`."""

    evidence: Evidence
    stratum: Int64s
    domain: Int64s
    size: Floats
    asked: Floats
    answered: Floats
    total: Floats
    second: Floats
    third: Floats
    largest: Floats  # the largest loss of an answer

    def inside(self, view: View) -> Bools:
        """Say which cells lie in one of the view's windows: (C,)."""
        return view.window[self._batch()] >= 0

    def group(self, view: View) -> Int64s:
        """Return each cell's group: (C,)."""
        return self.domain * view.windows + view.window[self._batch()]

    def strata(self, view: View) -> AnsweredStrata:
        """Return the answered strata, merged until each has answers enough."""
        return self._merged(view).strata(view.groups)

    def spread(self, view: View) -> Spread:
        """Return the same with variances, for errors of numbers."""
        return self._merged(view).spread(view.groups)

    def missing(self, view: View) -> tuple[Floats, Floats]:
        """Return the mean (G,) if missing answers added nothing, and what 1 from each would add.

        Answers count here as if all that were asked had been given, so that each
        stratum keeps its weight.
        """
        inside = self.inside(view)
        cells = self._cells(view, self.asked).take(inside)
        weight = weights_of(cells, self.evidence.designed.near)
        gaps = (self.asked - self.answered)[inside]
        asked = self._total(cells, view, weight * cells.answered)
        nothing = np.full(view.groups, np.nan)
        answered, open_ = (
            np.divide(
                self._total(cells, view, weight * one), asked, nothing.copy(), where=asked > 0
            )
            for one in (cells.total, gaps)
        )
        return answered, open_

    def covered(self, view: View) -> Floats:
        """Return the rows of the batches that each group's figure speaks of: (G,)."""
        return self.sums(view, np.where(self._counting(view), self.size, 0.0))

    def found(self, view: View) -> Floats:
        """Return the sum of the losses of the answers that count, none weighted: (G,)."""
        return self.sums(view, np.where(self._counting(view), self.total, 0.0))

    def sums(self, view: View, values: Floats) -> Floats:
        """Add up a quantity of the cells (C,) by group: (G,)."""
        inside, group = self.inside(view), self.group(view)
        return np.bincount(group[inside], values[inside], view.groups).astype(np.float64)

    def highest(self, view: View, values: Floats) -> Floats:
        """Return the highest of a quantity of the answered cells (C,) by group: (G,)."""
        is_answered = self.inside(view) & (self.answered > 0)
        highest = np.full(view.groups, np.nan)
        np.fmax.at(highest, self.group(view)[is_answered], values[is_answered])
        return highest

    def answer_weights(self, view: View) -> Floats:
        """Return the rows that each answer of a domain and stratum stands for: (domains, D)."""
        counting = self._counting(view)
        cells = self._cells(view, self.answered).take(counting)
        weights = np.zeros((len(self.evidence.domains), len(self.evidence.designed.batch)))
        place = self.domain[counting], self.stratum[counting]
        weights[place] = weights_of(cells, self.evidence.designed.near)
        return weights

    @property
    def weight(self) -> Floats:
        """The design weight of the drawn rows of each cell: (C,)."""
        return self.evidence.designed.weight[self.stratum]

    def _merged(self, view: View) -> MergedStrata:
        cells = self._cells(view, self.answered).take(self._counting(view))
        return merged(cells, self.evidence.designed.near)

    def _cells(self, view: View, answered: Floats) -> Cells:
        designed = self.evidence.designed
        is_whole = self.size >= designed.size[self.stratum]
        return Cells(
            group=self.group(view),
            place=designed.place[self.stratum],
            pooled=~is_whole & (self.asked < _FULL),
            size=self.size,
            weight=self.weight,
            answered=answered,
            total=self.total,
            second=self.second,
            third=self.third,
        )

    def _counting(self, view: View) -> Bools:
        """Say which cells are of batches that are covered: (C,)."""
        return self.inside(view) & view.covered[self._batch()]

    @staticmethod
    def _total(cells: Cells, view: View, values: Floats) -> Floats:
        return np.bincount(cells.group, values, view.groups).astype(np.float64)

    def _batch(self) -> Int64s:
        return self.evidence.designed.batch[self.stratum]


def row_set(evidence: Evidence, part: Bools, row: Bools, loss: Floats) -> RowSet:
    """Gather the cells of a row set.

    Args:
        evidence: what was designed, drawn and answered.
        part: which of the known numbers of rows belong to it (P,).
        row: which drawn rows do (S,).
        loss: of each drawn row (S,), NaN where it has no answer.

    Returns:
        The cells that hold rows (C,), by domain and stratum.
    """
    parts, drawn = evidence.parts, evidence.drawn
    strata = len(evidence.designed.batch)
    every = strata * len(evidence.domains)
    place = parts.domain * strata + parts.stratum
    sizes = np.bincount(place[part], parts.rows[part], every).astype(np.float64)
    cell = np.flatnonzero(sizes)
    at = np.full(every, -1)
    at[cell] = np.arange(len(cell))

    where = at[drawn.domain * strata + drawn.stratum[drawn.member]]
    inside = row[drawn.member] & (where >= 0)
    where, z = where[inside], loss[drawn.member[inside]]
    is_answered = ~np.isnan(z)
    return RowSet(
        evidence=evidence,
        stratum=cell % strata,
        domain=cell // strata,
        size=sizes[cell],
        asked=np.bincount(where, minlength=len(cell)).astype(np.float64),
        **_sums(where[is_answered], z[is_answered], len(cell)),
    )


def class_sides(evidence: Evidence, code: int, loss: Floats) -> tuple[RowSet, RowSet]:
    """Gather the rows predicted as a class, and the others.

    Args:
        evidence: what was designed, drawn and answered.
        code: of the class.
        loss: of each drawn row (S,), NaN where it has no answer.

    Returns:
        The cells of both.
    """
    part, row = evidence.parts.label == code, evidence.drawn.label == code
    return row_set(evidence, part, row, loss), row_set(evidence, ~part, ~row, loss)


def _sums(cell: Int64s, loss: Floats, cells: int) -> dict[str, Floats]:
    """Add up the losses of answers (A,) by cell: arrays (C,)."""

    def added(values: Floats) -> Floats:
        return np.bincount(cell, values, minlength=cells).astype(np.float64)

    answered, total = added(np.ones(len(cell))), added(loss)
    away = loss - (total / np.maximum(answered, 1))[cell]
    largest = np.zeros(cells)
    np.maximum.at(largest, cell, loss)
    return {
        "answered": answered,
        "total": total,
        "second": added(away**2),
        "third": added(away**3),
        "largest": largest,
    }
