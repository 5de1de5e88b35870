"""Rows that were predicted as a class that people cannot choose: whatever they answer, it is wrong."""

from __future__ import annotations

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.row_sets import RowSet, View, row_set
from pipelines.columns.buffers import Floats

UNTOUCHED = frozenset({"precision", "precision_macro", "precision_weighted"})
"""Metrics that rest on rows predicted as one of the answers."""


class UnlistedRows:
    """The rows that were predicted as none of the answers."""

    def __init__(self, facts: Evidence, answers: tuple[str, ...], everyone: RowSet) -> None:
        """Take the evidence.

        Args:
            facts: what was designed, drawn and answered.
            answers: that people may give; without any, predictions are numbers.
            everyone: all rows.
        """
        known = set(answers)
        is_unlisted = np.array([label not in known for label in facts.labels], np.bool_)
        is_unlisted = np.append(is_unlisted, False)  # for a label that is not known, -1
        part, row = is_unlisted[facts.parts.label], is_unlisted[facts.drawn.label]
        nothing = np.full(len(facts.drawn.label), np.nan)
        is_there = bool(answers) and bool(part.any())
        self._rows = row_set(facts, part, row, nothing) if is_there else None
        self._everyone = everyone

    def shares(self, view: View) -> Floats | None:
        """Return their share of the rows that each group's figure speaks of: (G,); None where there are none."""
        if self._rows is None:
            return None
        every, inside = self._everyone.covered(view), self._rows.covered(view)
        return np.divide(inside, every, out=np.zeros_like(every), where=every > 0)
