"""Tables as Delta Lake: files are written by whoever has the rows, and published by one commit.

A commit is all or nothing and readers never see half of it. It may carry an
application's transaction number, so that a repeat can be told from a first time.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from pipelines.columns.buffers import texts
from pipelines.errors import ConcurrentRun, StoreUnavailable
from pipelines.tables import table_files
from pipelines.tables.files import Files
from pipelines.tables.schemas import table_of
from pipelines.tables.store_errors import store_errors, unavailable
from pipelines.tables.table_files import WrittenFile

_MANY_FILES = 16  # small ones of a table, which are then joined
_SMALL = 8_000_000  # bytes: a larger file is not written again
_CHECKPOINT = 10  # commits between two summaries of the log
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

    def __init__(
        self,
        store_files: Files,
        schema: pa.Schema,
        partitioned_by: Sequence[str] = (),
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        self.store_files, self.schema = store_files, schema
        self.partitioned_by = list(partitioned_by)
        self._before_commit = before_commit
        self._delta: DeltaTable | None = None

    def __getstate__(self) -> dict[str, object]:  # an open table does not travel
        return {**self.__dict__, "_before_commit": None, "_delta": None}

    @property
    def address(self) -> str:
        """The path or URL of the table."""
        return self.store_files.address

    def refresh(self) -> None:
        """Forget what was read, so that the next look sees others' commits."""
        self._delta = None

    def transaction(self, app_id: str) -> int:
        """Return the last transaction number that `app_id` committed, 0 before the first."""
        delta = self._open()
        return 0 if delta is None else int(delta.transaction_version(app_id) or 0)

    def files(self, partition: Mapping[str, str] | None = None) -> list[WrittenFile]:
        """Return the published files, sorted by path.

        Args:
            partition: the values of all partition columns, or of the first ones; None for all.
        """
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
            (file for file in files if file.path.startswith(folder)), key=lambda file: file.path
        )

    def partitions(self) -> list[dict[str, str]]:
        """Return the values of the partition columns that hold at least one file."""
        folders = {file.path.rsplit("/", 1)[0] for file in self.files()}
        return [table_files.values_of(folder) for folder in sorted(folders)]

    def read(
        self,
        columns: Sequence[str] | None = None,
        partition: Mapping[str, str] | None = None,
        where: Mapping[str, Collection[str]] | None = None,
    ) -> pa.Table:
        """Read published rows, a file at a time.

        Args:
            columns: their names, in order; all without it.
            partition: as for `files`.
            where: keeps the rows whose text in each of these columns is one of the values.

        Returns:
            The rows, in the order of files and rows.
        """
        names = list(columns or self.schema.names)
        wanted = pa.schema([self.schema.field(name) for name in names])
        kept = {name: texts(sorted(values)) for name, values in (where or {}).items()}
        scanned = pa.schema(
            [*wanted, *(self.schema.field(name) for name in kept if name not in names)]
        )
        tables = [_where(self._read_file(file, scanned), kept) for file in self.files(partition)]
        return pa.concat_tables([table_of(wanted, []), *(table.select(names) for table in tables)])

    def folder(self, partition: Mapping[str, str]) -> str:
        """Return where the files of a partition lie, relative to the table, with a slash at the end."""
        return table_files.folder(self.partitioned_by, partition)

    def write_file(self, name: str, rows: pa.RecordBatch | pa.Table) -> WrittenFile:
        """Write rows as a file that no reader sees before it is published.

        Args:
            name: path relative to the table. An existing file is replaced in
                one step: the same name always means the same content.
            rows: without the partition columns.

        Returns:
            The file, for a commit.
        """
        with _delta_errors(self.address):
            content = table_files.parquet_of(rows)
            self.store_files.put(name, content)
        return WrittenFile(name, content.size, rows.num_rows)

    def append(self, rows: pa.Table, *, transaction: tuple[str, int] | None = None) -> None:
        """Publish rows by one commit, beside what others append meanwhile.

        Args:
            rows: with all columns of the schema.
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
            partition: the values of all partition columns.
            files: from `write_file`.
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
        if self._before_commit:
            self._before_commit()
        actions = list(self._actions(change.files))
        for tries_left in reversed(range(_TRIES)):
            self.refresh()
            self._require_next(change.transaction)
            try:
                delta = self._open() or self._create()
                with _delta_errors(self.address):
                    self._write(self._widened(delta), change, actions)
            except ConcurrentRun:
                if not tries_left:
                    raise
                time.sleep(_PAUSE * (_TRIES - tries_left))
            else:
                self._summarize(delta)
                break
        self.refresh()

    def _require_next(self, transaction: tuple[str, int] | None) -> None:
        if transaction and self.transaction(transaction[0]) != transaction[1] - 1:
            raise ConcurrentRun(
                f"{self.address}: another run committed {transaction[0]} first",
                fix="run the same command again; it is safe to repeat",
            )

    def _write(self, delta: DeltaTable, change: _Change, actions: Sequence[AddAction]) -> None:
        filters = [(name, "=", value) for name, value in (change.partition or {}).items()]
        app = [Transaction(*change.transaction)] if change.transaction else None
        delta.create_write_transaction(
            list(actions),
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
        if self.partitioned_by:
            return
        small = sum(file.size < _SMALL for file in self.files())
        delta = self._open()
        if delta is not None and small >= _MANY_FILES:
            with (
                suppress(ConcurrentRun),
                _delta_errors(self.address),
            ):  # the next append tries again
                delta.optimize.compact(target_size=_SMALL)
            self.refresh()

    def _summarize(self, delta: DeltaTable) -> None:
        """Write a checkpoint now and then, so that opening a table reads few commits."""
        if delta.version() and delta.version() % _CHECKPOINT == 0:
            with _delta_errors(self.address):
                delta.create_checkpoint()

    def _actions(self, files: Sequence[WrittenFile]) -> Iterator[AddAction]:
        """Yield what a commit says of each file; all of a folder are looked up at once."""
        modified = {
            stat.name: stat.modified
            for folder in {_folder_of(file) for file in files}
            for stat in self.store_files.list(folder)
        }
        for file in files:
            if file.path not in modified:
                raise StoreUnavailable(
                    f"{self.address}/{file.path}: the file is gone before it was published",
                    fix="run the same command again",
                )
            stats = json.dumps({"numRecords": file.rows})
            values = table_files.values_of(file.path.rpartition("/")[0])
            yield AddAction(file.path, file.size, values, modified[file.path], True, stats)

    def _open(self) -> DeltaTable | None:
        if self._delta is None:
            with _delta_errors(self.address):
                try:
                    self._delta = DeltaTable(
                        self.address, storage_options=dict(self.store_files.options()) or None
                    )
                except TableNotFoundError:
                    return None
        return self._delta

    def _create(self) -> DeltaTable:
        with _delta_errors(self.address):
            DeltaTable.create(
                self.address,
                self.schema,
                mode="ignore",
                partition_by=self.partitioned_by or None,
                storage_options=dict(self.store_files.options()) or None,
            )
        opened = self._open()
        if opened is None:
            raise StoreUnavailable(
                f"{self.address}: the table could not be made", fix="look at the store's rights"
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

    def _read_file(self, file: WrittenFile, wanted: pa.Schema) -> pa.Table:
        values = table_files.values_of(file.path.rpartition("/")[0])
        with _delta_errors(self.address):
            return table_files.read(self.store_files.open(file.path), wanted, values)


def _folder_of(file: WrittenFile) -> str:
    """Return the folder of a file, with a slash at the end; empty at the top of the table."""
    folder = file.path.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def _where(rows: pa.Table, kept: Mapping[str, pa.Array]) -> pa.Table:
    """Return the rows whose text in each column is one of the values."""
    for name, values in kept.items():
        rows = rows.filter(pc.is_in(rows[name], value_set=values))
    return rows


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
