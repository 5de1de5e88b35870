"""The rows of a job, or of some batches, in every table: how many there are, and their removal.

Packages and the record of runs stay, and so do figures of windows that held other batches,
too: they were reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from functions.batches.attempts import draws_id, transaction_id
from infra.store import Store
from pipelines.columns.buffers import texts
from pipelines.tables.delta_edits import quoted
from pipelines.tables.schemas import PARTITIONED_BY, TABLES
from pipelines.tables.snapshot import Tables
from pipelines.tables.table_files import WrittenFile

# Answers go first, for the ids of a batch are looked up in the tables that go last.
_LAST = ("questions", "samples", "designs", "predictions")
_STAYING = ("runs", "releases")
_ORDER = (*(name for name in TABLES if name not in (*_LAST, *_STAYING)), *_LAST)


@dataclass(frozen=True)
class Removal:
    """What is removed: some batches of a job, or all of it.

    Args:
        tables: a snapshot of the job's tables.
        batches: their names; none for the whole job.
    """

    tables: Tables
    batches: Sequence[str]

    @cached_property
    def rows(self) -> dict[str, int]:
        """The number of rows by table."""
        return {name: self._count(name) for name in sorted(_ORDER)}

    @property
    def pooled(self) -> int:
        """The number of stored figures of windows that may hold these batches and others."""
        if not self.batches:
            return 0
        return self.tables.read("estimates", ["window"]).num_rows - self.rows["estimates"]

    @cached_property
    def asked_ids(self) -> list[str]:
        """The predictions that people were asked about, as far as these batches go."""
        ids: set[str] = set()
        for name in ("samples", "questions"):
            where = {"batch": list(self.batches)} if self.batches else {}
            ids |= set(
                self.tables.read(name, ["prediction_id"], where=where)["prediction_id"].to_pylist()
            )
        return sorted(ids)

    def tasks_at(self, server: str) -> list[int]:
        """Return the tasks that were recorded for them on a server."""
        where = {"server": [server], "batch": list(self.batches)}
        return sorted(
            set(self.tables.read("questions", ["task_id"], where=where)["task_id"].to_pylist())
        )

    def remove(self, store: Store, run: str) -> None:
        """Remove the rows, table by table, and the files that held them; to be repeated after a kill.

        Args:
            store: whose tables.
            run: the id of the run that does it; it is recorded before.
        """
        conditions = {name: self._condition(name) for name in _ORDER}
        numbers = self._numbers()
        for name, condition in conditions.items():
            if condition:
                store.table(name).delete(condition, run, numbers.get(name, ()))
            for partition in self._partitions():
                store.table(name).sweep(partition)

    def _partitions(self) -> list[dict[str, str]]:
        job = {"job": self.tables.job}
        return [{**job, "batch": batch} for batch in self.batches] or [job]

    def _numbers(self) -> dict[str, list[tuple[str, int]]]:
        """Return the numbers of draws and publications by table: they begin anew."""
        job, batches = self.tables.job, self.batches or known_batches(self.tables)
        return {
            "designs": [(draws_id(job, batch), 0) for batch in batches],
            "predictions": [(transaction_id(job, batch), 0) for batch in batches],
        }

    def _files(self, name: str) -> list[WrittenFile]:
        """Return the files of a table that is partitioned by job and batch."""
        if not self.batches:
            return self.tables.files(name)
        return [file for batch in self.batches for file in self.tables.files(name, batch)]

    def _count(self, name: str) -> int:
        if name in PARTITIONED_BY:
            return sum(file.rows for file in self._files(name))
        columns = TABLES[name].names[1:2]
        return self.tables.read(name, columns, where=self._where(name)).num_rows

    def _where(self, name: str) -> dict[str, Sequence[str]]:
        """Return what the rows of a table have in common: one of some texts in each of these columns."""
        if not self.batches:
            return {}
        if name == "annotations":
            return {"prediction_id": sorted(self._answered)}
        if "batch" in TABLES[name].names:
            return {"batch": self.batches}
        return {"period": ["batch"], "window": self.batches}

    def _condition(self, name: str) -> str | None:
        """Return the same in SQL; None where there is nothing to remove."""
        if not (self._files(name) if name in PARTITIONED_BY else self.rows[name]):
            return None
        return " AND ".join(
            f'"{column}" IN ({", ".join(map(quoted, values))})'
            for column, values in {"job": [self.tables.job], **self._where(name)}.items()
        )

    @cached_property
    def _answered(self) -> frozenset[str]:
        """The predictions of these batches that somebody answered, or whose outcome is known."""
        answered = self.tables.read("annotations", ["prediction_id"])["prediction_id"]
        if not len(answered):
            return frozenset()
        every = _unique(answered)
        mine = set(self.asked_ids) & set(every.to_pylist())
        for batch in self.batches:
            ids = self.tables.read("predictions", ["prediction_id"], batch=batch)["prediction_id"]
            mine |= set(ids.filter(pc.is_in(ids, value_set=every)).to_pylist())
        return frozenset(mine)


def known_batches(tables: Tables) -> list[str]:
    """Return the batches that have rows in some table of a job, sorted."""
    batches: set[str] = set()
    for name in _ORDER:
        if name in PARTITIONED_BY:
            partitions = tables.table(name).partitions()
            batches |= {of["batch"] for of in partitions if of["job"] == tables.job}
        elif "batch" in TABLES[name].names:
            batches |= set(tables.read(name, ["batch"])["batch"].to_pylist())
    return sorted(batches)


def _unique(values: pa.ChunkedArray) -> pa.Array:
    return texts(sorted(set(values.to_pylist())))
