"""The mean over the people who answered a row: the one way in which several answers become one."""

from __future__ import annotations

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from pipelines.columns.buffers import Bools, Floats


def mean_over_people(evidence: Evidence, values: Floats | Bools) -> Floats:
    """Average what each answer says over the people who answered the same drawn row.

    Args:
        evidence: what was designed, drawn and answered.
        values: one per answer (A,), such as its loss or whether it agrees; NaN
            is left out.

    Returns:
        One mean per drawn row (S,), NaN where no answer has a value.
    """
    row, rows = evidence.answers.row, len(evidence.drawn.label)
    is_known = ~np.isnan(values)
    people = np.bincount(row[is_known], minlength=rows).astype(np.float64)
    total = np.bincount(row[is_known], values[is_known], minlength=rows)
    return np.divide(total, people, out=np.full(rows, np.nan), where=people > 0)
