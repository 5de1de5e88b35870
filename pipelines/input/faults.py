"""Rows that cannot be used, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pipelines.columns.buffers import Bools, Int64s


@dataclass(slots=True)
class Faults:
    """Rows that cannot be used: the first reason found for each, with its column."""

    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)
    keyless: set[int] = field(default_factory=set)  # those without a key, whatever their reason

    def mark(self, rows: Bools | Iterable[int], reason: str, column: str) -> None:
        """Mark rows, given as a mask or as numbers."""
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:
            if not rows.any():
                return
            rows = np.flatnonzero(rows).tolist()
        for row in rows:
            self.reasons.setdefault(int(row), (reason, column))

    def others(self, rows: int) -> slice | Int64s:
        """The rows that are not marked, of so many; all of them as a slice, which copies nothing."""
        if not self.reasons:
            return slice(None)
        return np.setdiff1d(np.arange(rows), np.fromiter(self.reasons, np.int64))
