"""Faults: rows that cannot be used, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pipelines.columns.buffers import Bools, Int64s


@dataclass(slots=True)
class Faults:
    """Rows that cannot be used, by number: the first reason of each, and its column."""

    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)
    keyless: set[int] = field(default_factory=set)  # those without a key, whatever their reason

    def mark(self, rows: Bools | Iterable[int], reason: str, column: str) -> None:
        """Mark rows; a row that is marked already keeps its first reason.

        Args:
            rows: a mask (n,), or row numbers.
            reason: the name of the fault, as `quarantine` has it.
            column: the column at fault; empty where there is none.
        """
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:
            if not rows.any():
                return
            rows = np.flatnonzero(rows).tolist()
        for row in rows:
            self.reasons.setdefault(int(row), (reason, column))

    def others(self, rows: int) -> slice | Int64s:
        """Return the rows that are not marked, of `rows` in all: row numbers, or a slice of all."""
        if not self.reasons:
            return slice(None)
        return np.setdiff1d(np.arange(rows), np.fromiter(self.reasons, np.int64))
