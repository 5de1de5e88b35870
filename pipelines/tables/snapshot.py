"""A snapshot of one job's tables: each is opened once, and no file is read twice.

A command takes one when it begins, or as soon as it holds its lock, and reads
all that it needs from there. What is committed later is in the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import pyarrow as pa

from pipelines.tables.schemas import LARGE, TABLES
from pipelines.tables.table import Table
from pipelines.tables.table_files import WrittenFile


class Tables:
    """The tables of one job, as they were when each was first looked at."""

    def __init__(self, open_table: Callable[[str], Table], job: str) -> None:
        self.job = job
        self._open_table = open_table
        self._tables: dict[str, Table] = {}
        self._files: dict[str, list[WrittenFile]] = {}
        self._columns: dict[tuple[object, ...], pa.Table] = {}

    def table(self, name: str) -> Table:
        """Return a table of `pipelines.tables.schemas.TABLES`; the same object each time."""
        if name not in self._tables:
            self._tables[name] = self._open_table(name)
        return self._tables[name]

    def files(self, name: str, batch: str | None = None) -> list[WrittenFile]:
        """Return the files of the job in a table that is partitioned by job and batch.

        Args:
            name: of the table.
            batch: whose files; None for all.
        """
        if name not in self._files:
            self._files[name] = self.table(name).files(self._partition(None))
        files = self._files[name]
        if batch is None:
            return files
        folder = self.table(name).folder(self._partition(batch))
        return [file for file in files if file.path.startswith(folder)]

    def read(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        batch: str | None = None,
        where: Mapping[str, Collection[str]] | None = None,
        digests: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Read rows of the job.

        Args:
            name: of the table.
            columns: their names, in order; without it, all that are small.
            batch: the only one that is wanted.
            where: keeps the rows whose text in each of these columns is one of the values.
            digests: of files of a large table, as for `Table.read`.

        Returns:
            The rows, in the order of files and rows.
        """
        names = list(columns or light_columns(name))
        kept = {column: frozenset(values) for column, values in (where or {}).items()}
        if name in LARGE:
            return self.table(name).read(names, self._partition(batch), kept, digests)
        if batch is not None:
            kept["batch"] = frozenset([batch])
        return self._remembered(name, names, kept).select(names)

    def _remembered(
        self, name: str, names: Sequence[str], kept: dict[str, frozenset[str]]
    ) -> pa.Table:
        """Read the columns that were not read before, and return all that were."""
        key = (name, *sorted(kept.items()))
        known = self._columns.get(key)
        missing = [column for column in names if known is None or column not in known.column_names]
        if known is None or missing:
            fresh = self._read(name, missing, kept)
            known = fresh if known is None else _beside(known, fresh)
            self._columns[key] = known
        return known

    def _read(self, name: str, columns: Sequence[str], kept: dict[str, frozenset[str]]) -> pa.Table:
        table = self.table(name)
        if table.partitioned_by:
            [batch] = kept.get("batch") or [None]
            return table.read(columns, self._partition(batch), kept)
        return table.read(columns, None, {**kept, "job": frozenset([self.job])})

    def _partition(self, batch: str | None) -> dict[str, str]:
        return {"job": self.job} | ({} if batch is None else {"batch": batch})


def light_columns(name: str) -> list[str]:
    """Return the columns of a table that are small enough to be read with any other."""
    return [one for one in TABLES[name].names if (name, one) not in _HEAVY]


_HEAVY = {
    ("samples", "shown"),
    ("samples", "scores"),
    ("designs", "score_sums"),
    ("designs", "score_histogram"),
    ("designs", "value_sums"),
}


def _beside(left: pa.Table, right: pa.Table) -> pa.Table:
    """Return the columns of two tables of the same rows."""
    return pa.table([*left.columns, *right.columns], names=left.column_names + right.column_names)
