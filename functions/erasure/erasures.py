"""The record of erasures in `runs`: which batches were removed, and how many rows of each table.

Whoever looks for lost rows asks here first: what was erased by a command is not lost.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.columns import relations
from pipelines.tables.snapshot import Tables

REMOVE = "remove"  # the step
_ERASING = (REMOVE,)
_COLUMNS = ("run_id", "step", "inputs", "outputs", "known_at", "error")


@dataclass(frozen=True, slots=True)
class Erasures:
    """What the erasures of a job took away."""

    runs: frozenset[str]  # their ids, which commits name
    rows: Mapping[str, int]  # erased, by table
    removed: Mapping[str, datetime]  # when each batch was last removed by name
    whole: datetime | None  # when the whole job was last removed

    def removed_at(self, batch: str) -> datetime | None:
        """Return when a batch was last removed; None where it never was."""
        times = [at for at in (self.removed.get(batch), self.whole) if at]
        return max(times, default=None)

    @property
    def newest(self) -> datetime | None:
        """When anything was last removed; None where nothing was."""
        times = [*self.removed.values(), *([self.whole] if self.whole else [])]
        return max(times, default=None)


def erasures(tables: Tables) -> Erasures:
    """Return what the erasures of a job took away, as `runs` has it."""
    rows = relations.records(tables.read("runs", _COLUMNS, where={"step": list(_ERASING)}))
    rows = sorted((row for row in rows if row["error"] is None), key=lambda row: row["known_at"])
    counts: Counter[str] = Counter()
    removed: dict[str, datetime] = {}
    whole = None
    for row in rows:
        counts.update(json.loads(row["outputs"])["removed"])
        batches = json.loads(row["inputs"])["batches"]
        removed |= dict.fromkeys(batches, row["known_at"])
        whole = whole if batches else row["known_at"]
    return Erasures(frozenset(row["run_id"] for row in rows), counts, removed, whole)
