"""Answered rows by group: what is computed from single answers, not from sums of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.row_sets import View
from pipelines.columns.buffers import Floats, Int64s


@dataclass(frozen=True, slots=True)
class GroupedValues:
    """The values of answered rows in a view as arrays (A,); a row is once in each of its groups.

    Attributes:
        row: the drawn row.
        value: what the answer says of it.
        weight: the design weight, the number of rows that it stands for.
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
    """A value of each drawn row (S,), NaN where it has no answer."""

    evidence: Evidence
    value: Floats

    def of(self, view: View) -> GroupedValues:
        """Return the answered rows of each group of a view."""
        drawn, designed = self.evidence.drawn, self.evidence.designed
        window = view.window[designed.batch[drawn.stratum[drawn.member]]]
        is_inside = (window >= 0) & ~np.isnan(self.value[drawn.member])
        row = drawn.member[is_inside]
        return GroupedValues(
            row=row,
            value=self.value[row],
            weight=designed.weight[drawn.stratum[row]],
            group=drawn.domain[is_inside] * view.windows + window[is_inside],
            groups=view.groups,
        )
