"""Values that no feature can be made from, and the reading of numbers that refuses them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Bools, Floats, Int64s, missing, stored_floats


class BadValues(Exception):
    """Some rows hold a value that no feature can be made from.

    It names the rows, so that a caller can quarantine them and go on with the
    rest. Nothing of the batch was used when it is raised.

    Args:
        column: the input column.
        rows: positions within the batch (k,), ascending.
        reason: what is wrong with them, as the quarantine names it: `infinite`, `too_large`.
    """

    def __init__(self, column: str, rows: Int64s, reason: str) -> None:
        self.column, self.rows, self.reason = column, rows, reason
        super().__init__(f"{len(rows)} rows of {column!r}: {reason}")

    def __reduce__(self) -> tuple[object, ...]:  # survives the way back from a worker
        return BadValues, (self.column, self.rows, self.reason)


def numbers(name: str, column: pa.Array) -> tuple[Floats, Bools | None]:
    """Return a column's numbers (n,), and where they are missing (n,), None if nowhere.

    Null and NaN are missing; below them stands any number.

    Raises:
        BadValues: some are infinite.
    """
    values, gaps = stored_floats(column), missing(column)
    finite = np.isfinite(values)
    if finite.all():
        return values, gaps
    gaps = np.isnan(values) if gaps is None else gaps | np.isnan(values)
    refuse(name, ~(finite | gaps), "infinite")
    return values, gaps


def refuse(name: str, bad: Bools, reason: str) -> None:
    """Raise BadValues if any row is bad.

    Args:
        name: the column.
        bad: which rows are (n,).
        reason: what is wrong with them, as the quarantine names it.
    """
    if bad.any():
        raise BadValues(name, np.flatnonzero(bad), reason)
