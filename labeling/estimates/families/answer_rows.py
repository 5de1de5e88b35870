"""Answered rows by group: what is computed from single answers, not from sums of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.row_sets import RowSet, View
from pipelines.columns.buffers import Floats, Int64s


@dataclass(frozen=True, slots=True)
class GroupedValues:
    """The values of answered rows in a view as arrays (A,); a row is once in each of its groups.

    Attributes:
        row: the drawn row.
        value: what the answer says of it.
        weight: the rows of its group and stratum by the answers among them.
        group: the code of its group, from 0 to groups - 1.
        groups: G.
    """

    row: Int64s
    value: Floats
    weight: Floats
    group: Int64s
    groups: int


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
            weight=self._weights()[domain, drawn.stratum[row]],
            group=domain * view.windows + window[is_inside],
            groups=view.groups,
        )

    def _weights(self) -> Floats:
        """Return how many rows each answer of a domain and stratum stands for: (domains, D)."""
        cells, evidence = self.cells, self.cells.evidence
        weights = np.zeros((len(evidence.domains), len(evidence.designed.batch)))
        weights[cells.domain, cells.stratum] = cells.size / np.maximum(cells.answered, 1)
        return weights
