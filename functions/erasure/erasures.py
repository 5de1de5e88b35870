"""The record of erasures in `runs`: which batches were removed, which rows became tombstones, and how many went.

Whoever looks for lost rows, or compares rows with what they were made from, asks here first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.batches.attempts import runs_of
from pipelines.columns import relations
from pipelines.tables.snapshot import Tables

REMOVE, FORGET = "remove", "forget"  # the steps


@dataclass(frozen=True, slots=True)
class Erasures:
    """What the erasures of a job took away."""

    rows: Mapping[str, int]  # erased, by table
    removed: Mapping[str, datetime]  # when each batch was last removed by name
    whole: datetime | None  # when the whole job was last removed
    forgotten_in: frozenset[str]  # the batches that held forgotten rows
    tombstones: frozenset[str]  # the ids that stand for forgotten rows
    digests: frozenset[str]  # of the prediction ids of forgotten rows
    files: frozenset[str]  # of predictions and quarantine, written without a forgotten row

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
    rows = _rows(tables)
    counts: dict[str, Counter[str]] = {}
    removed: dict[str, datetime] = {}
    whole = None
    for row in rows:  # a run that was killed and went on is recorded twice
        most = counts.setdefault(row["run_id"], Counter())
        most |= Counter(row["outputs"]["removed"])
        if row["step"] == REMOVE:
            batches = row["inputs"]["batches"]
            removed |= dict.fromkeys(batches, row["known_at"])
            whole = whole if batches else row["known_at"]
    return Erasures(
        sum(counts.values(), Counter()),
        removed,
        whole,
        frozenset(one for row in rows if row["step"] == FORGET for one in row["inputs"]["batches"]),
        _all_of(rows, "tombstones"),
        _all_of(rows, "digests"),
        _all_of(rows, "files"),
    )


def erasing_runs(tables: Tables) -> frozenset[str]:
    """Return the runs that erased rows of any job of the store: commits of its tables name them."""
    runs = tables.table("runs").read(["run_id", "error"], where={"step": [REMOVE, FORGET]})
    return frozenset(row["run_id"] for row in relations.records(runs) if row["error"] is None)


def _rows(tables: Tables) -> list[dict[str, Any]]:
    return [
        {**row, "inputs": json.loads(row["inputs"]), "outputs": json.loads(row["outputs"])}
        for row in runs_of(tables, REMOVE, FORGET)
    ]


def _all_of(rows: list[dict[str, Any]], name: str) -> frozenset[str]:
    return frozenset(one for row in rows for one in row["outputs"].get(name, ()))
