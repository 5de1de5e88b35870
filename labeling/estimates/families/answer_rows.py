"""Answered rows by group: what is computed from single answers, not from sums of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.row_sets import RowSet, View
from labeling.formulas.answered_strata import WeightedRows
from pipelines.columns.buffers import Bools, Floats, Int64s


@dataclass(frozen=True, slots=True)
class GroupedValues:
    """The values of answered rows in a view as arrays (A,); a row is once in each of its groups.

    Attributes:
        row: the drawn row.
        value: what the answer says of it.
        weight: the rows of its group that the answer stands for.
        group: the code of its group, from 0 to groups - 1.
        groups: G.
    """

    row: Int64s
    value: Floats
    weight: Floats
    group: Int64s
    groups: int

    def strata(self, evidence: Evidence) -> WeightedRows:
        """Return the rows with the strata that they were drawn from."""
        stratum = evidence.drawn.stratum[self.row]
        return WeightedRows(self.weight, stratum, self.group, self.groups)

    def total(self, values: Floats | Bools) -> Floats:
        """Add up a quantity of the rows (A,) by group: (G,)."""
        return np.bincount(self.group, values, self.groups).astype(np.float64)


@dataclass(frozen=True, slots=True)
class AnswerRows:
    """A value of each drawn row (S,), NaN where it has no answer; and the cells of all rows."""

    cells: RowSet
    value: Floats

    def of(self, view: View) -> GroupedValues:
        """Return the answered rows of each group of a view."""
        evidence = self.cells.evidence
        drawn, designed = evidence.drawn, evidence.designed
        batch = designed.batch[drawn.stratum[drawn.member]]
        window = view.window[batch]
        is_inside = (window >= 0) & view.covered[batch] & ~np.isnan(self.value[drawn.member])
        row, domain = drawn.member[is_inside], drawn.domain[is_inside]
        return GroupedValues(
            row=row,
            value=self.value[row],
            weight=self.cells.answer_weights(view)[domain, drawn.stratum[row]],
            group=domain * view.windows + window[is_inside],
            groups=view.groups,
        )
