"""Tables as Delta Lake: files are written by whoever has the rows, and published by one commit.

A commit is all or nothing and readers never see half of it. It may carry an
application's transaction number, so that a repeat can be told from a first time.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from pipelines.columns.buffers import coded_texts
from pipelines.errors import ConcurrentRun, StoreUnavailable
from pipelines.tables import table_files
from pipelines.tables.schemas import table_of
from pipelines.tables.store_errors import store_errors, unavailable
from pipelines.tables.table_files import WrittenFile, write

_MANY_FILES = 128
_TRIES = 20  # commits that lose against others' commits
_PAUSE = 0.01  # seconds, growing with each


@dataclass(frozen=True, slots=True)
class _Change:
    """What one commit does."""

    files: Sequence[WrittenFile]
    mode: Literal["append", "overwrite"]
    partition: Mapping[str, str] | None  # what an overwrite replaces
    transaction: tuple[str, int] | None
    note: Mapping[str, str]


class Table:
    """One table of the store; nothing is read before it is asked for."""

    def __init__(self, uri: str, schema: pa.Schema, partitioned_by: Sequence[str] = ()) -> None:
        self.uri, self.schema = uri, schema
        self.partitioned_by = list(partitioned_by)
        self._delta: DeltaTable | None = None

    def __getstate__(self) -> dict[str, object]:  # an open table does not travel
        return {
            "uri": self.uri,
            "schema": self.schema,
            "partitioned_by": self.partitioned_by,
            "_delta": None,
        }

    def refresh(self) -> None:
        """Forget what was read, so that the next look sees others' commits."""
        self._delta = None

    def transaction(self, app_id: str) -> int:
        """The last transaction number that `app_id` committed, 0 before the first."""
        delta = self._open()
        return 0 if delta is None else int(delta.transaction_version(app_id) or 0)

    def files(self, partition: Mapping[str, str] | None = None) -> list[WrittenFile]:
        """The published files, of one partition or of all, sorted by path."""
        delta = self._open()
        if delta is None:
            return []
        actions = pa.RecordBatchReader.from_stream(delta.get_add_actions(flatten=True)).read_all()
        found = zip(
            actions.column("path").to_pylist(),
            actions.column("size_bytes").to_pylist(),
            actions.column("num_records").to_pylist(),
            strict=True,
        )
        folder = self.folder(partition) if partition else ""
        files = (WrittenFile(unquote(path), size, rows or 0) for path, size, rows in found)
        return sorted(
            (one for one in files if one.path.startswith(folder)), key=lambda one: one.path
        )

    def partitions(self) -> list[dict[str, str]]:
        """The values of the partition columns that hold at least one file."""
        folders = {one.path.rsplit("/", 1)[0] for one in self.files()}
        return [table_files.values_of(folder) for folder in sorted(folders)]

    def read(
        self, columns: Sequence[str] | None = None, partition: Mapping[str, str] | None = None
    ) -> pa.Table:
        """All published rows, of one partition or of all, in the order of files and rows."""
        names = list(columns or self.schema.names)
        wanted = pa.schema([self.schema.field(name) for name in names])
        tables = [self._read_file(one, wanted) for one in self.files(partition)]
        return pa.concat_tables([table_of(wanted, []), *tables])

    def batches(self, columns: Sequence[str], partition: Mapping[str, str]) -> Iterator[pa.Table]:
        """The rows of one partition, a file at a time."""
        wanted = pa.schema([self.schema.field(name) for name in columns])
        for one in self.files(partition):
            yield self._read_file(one, wanted)

    def folder(self, partition: Mapping[str, str]) -> str:
        """Where the files of a partition lie, relative to the table, with a slash at the end."""
        return table_files.folder(self.partitioned_by, partition)

    def write_file(self, name: str, rows: pa.RecordBatch | pa.Table) -> WrittenFile:
        """Write rows as a file that no reader sees before it is published.

        Args:
            name: path relative to the table. An existing file is replaced in
                one step: the same name always means the same content.
            rows: without the partition columns.
        """
        path = Path(self.uri) / name
        with _delta_errors(self.uri):
            path.parent.mkdir(parents=True, exist_ok=True)
            return WrittenFile(name, write(path, rows), rows.num_rows)

    def append(self, rows: pa.Table, *, transaction: tuple[str, int] | None = None) -> None:
        """Publish rows by one commit, beside what others append meanwhile.

        Args:
            transaction: as for `replace`.

        Raises:
            ConcurrentRun: another writer committed the same transaction first.
            StoreUnavailable: the store is full, read-only or not there.
        """
        name = f"{uuid.uuid4().hex}.parquet"
        if self.partitioned_by:
            parts = table_files.split(self.partitioned_by, rows)
            files = [self.write_file(self.folder(where) + name, part) for where, part in parts]
        else:
            files = [self.write_file(name, rows.cast(self.schema))]
        self._commit(_Change(files, "append", None, transaction, {}))
        self._tidy()

    def replace(
        self,
        partition: Mapping[str, str],
        files: Sequence[WrittenFile],
        *,
        transaction: tuple[str, int],
        note: Mapping[str, str],
    ) -> None:
        """Make `files` the whole content of a partition, by one commit.

        Commits to other partitions do not matter, however many come between.

        Args:
            transaction: (application id, number); the number is one more than
                `transaction(application id)` said when the work began.
            note: goes into the commit's own record, for auditors.

        Raises:
            ConcurrentRun: another writer committed under this id meanwhile.
            StoreUnavailable: the store is full, read-only or not there.
        """
        self._commit(_Change(files, "overwrite", partition, transaction, note))

    def _commit(self, change: _Change) -> None:
        """Commit to the newest version; again where a commit that does not matter came between.

        Delta tells a conflict by what a commit reads, and takes every overwrite
        for a reader of the whole table. What must not change in truth is the
        transaction's number, and that is looked at anew each time.
        """
        for tries_left in reversed(range(_TRIES)):
            self.refresh()
            self._require_next(change.transaction)
            try:
                with _delta_errors(self.uri):
                    self._write(self._widened(self._open() or self._create()), change)
            except ConcurrentRun:
                if not tries_left:
                    raise
                time.sleep(_PAUSE * (_TRIES - tries_left))
            else:
                break
        self.refresh()

    def _require_next(self, transaction: tuple[str, int] | None) -> None:
        if transaction and self.transaction(transaction[0]) != transaction[1] - 1:
            raise ConcurrentRun(
                f"{self.uri}: another run committed {transaction[0]} first",
                fix="run the same command again; it is safe to repeat",
            )

    def _write(self, delta: DeltaTable, change: _Change) -> None:
        filters = [(name, "=", value) for name, value in (change.partition or {}).items()]
        app = [Transaction(*change.transaction)] if change.transaction else None
        delta.create_write_transaction(
            [self._action(one) for one in change.files],
            change.mode,
            self.schema,
            self.partitioned_by or None,
            filters or None,
            commit_properties=CommitProperties(
                custom_metadata=dict(change.note) or None, app_transactions=app
            ),
        )

    def _tidy(self) -> None:
        """Join many small files into few, so that reading a table stays cheap; no row changes."""
        if self.partitioned_by or len(self.files()) < _MANY_FILES:
            return
        delta = self._open()
        if delta is not None:
            with suppress(ConcurrentRun), _delta_errors(self.uri):  # the next append tries again
                delta.optimize.compact()
            self.refresh()

    def _action(self, file: WrittenFile) -> AddAction:
        values = self._values(file)
        modified = int((Path(self.uri) / file.path).stat().st_mtime * 1000)
        stats = json.dumps({"numRecords": file.rows})
        return AddAction(file.path, file.size, values, modified, True, stats)

    def _open(self) -> DeltaTable | None:
        if self._delta is None:
            with _delta_errors(self.uri):
                try:
                    self._delta = DeltaTable(self.uri)
                except TableNotFoundError:
                    return None
        return self._delta

    def _create(self) -> DeltaTable:
        with _delta_errors(self.uri):
            Path(self.uri).mkdir(parents=True, exist_ok=True)
            DeltaTable.create(
                self.uri, self.schema, mode="ignore", partition_by=self.partitioned_by or None
            )
        opened = self._open()
        if opened is None:
            raise StoreUnavailable(
                f"{self.uri}: the table could not be made", fix="look at the store's rights"
            )
        return opened

    def _widened(self, delta: DeltaTable) -> DeltaTable:
        """Add the columns that a table of an older release lacks.

        A commit of files does not, and what Delta does not know of a file is
        lost when it joins files.
        """
        columns = {field.name for field in delta.schema().fields}
        fields = Schema.from_arrow(self.schema).fields
        lacking = [field for field in fields if field.name not in columns]
        if lacking:
            delta.alter.add_columns(lacking)
        return delta

    def _values(self, file: WrittenFile) -> dict[str, str]:
        return table_files.values_of(file.path.rpartition("/")[0])

    def _read_file(self, file: WrittenFile, wanted: pa.Schema) -> pa.Table:
        values = self._values(file)
        with _delta_errors(self.uri):
            parquet = pq.ParquetFile(Path(self.uri) / file.path)
            there = [name for name in wanted.names if name in parquet.schema_arrow.names]
            table = parquet.read(there)
        absent = set(wanted.names) - set(there) - set(values)  # in a table of an older release
        nothing = table_of(wanted, [{}] * table.num_rows) if absent else table
        columns = [
            coded_texts(np.zeros(table.num_rows), [values[field.name]]).dictionary_decode()
            if field.name in values
            else (nothing if field.name in absent else table)[field.name].cast(field.type)
            for field in wanted
        ]
        return pa.table(columns, schema=wanted)


@contextmanager
def _delta_errors(place: str) -> Iterator[None]:
    """Turn what Delta and the file system say into our errors."""
    with store_errors(place):
        try:
            yield
        except CommitFailedError as error:
            raise ConcurrentRun(
                f"{place}: another run committed first",
                fix="run the same command again; it is safe to repeat",
            ) from error
        except DeltaError as error:
            raise unavailable(place, error) from error
