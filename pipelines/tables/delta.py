"""The Delta log of a table: the published files, and the commits that publish others.

A commit is all or nothing and readers never see half of it. It may carry an
application's transaction number, so that a repeat can be told from a first time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any, Literal
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from pipelines.errors import ConcurrentRun, StoreUnavailable
from pipelines.tables import table_files
from pipelines.tables.delta_edits import ERASURE
from pipelines.tables.files import Files
from pipelines.tables.store_errors import store_errors, unavailable
from pipelines.tables.table_files import WrittenFile

_LOG = "_delta_log"  # the folder of commits, by Delta's rules
_MANY_FILES = 16  # small ones of a table, which are then joined
_SMALL = 8_000_000  # bytes: a larger file is not written again
_CHECKPOINT = 10  # commits between two summaries of the log
_TRIES = 20  # commits that lose against others' commits
_DELETING = frozenset({"DELETE", "UPDATE", "MERGE", "RESTORE", "TRUNCATE"})  # by Delta's names
_PAUSE = 0.01  # seconds, growing with each


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does."""

    files: Sequence[WrittenFile]
    mode: Literal["append", "overwrite"]
    partition: Mapping[str, str] | None  # what an overwrite replaces
    transaction: tuple[str, int] | None
    note: Mapping[str, str]  # goes into the commit's own record, for auditors


@dataclass(frozen=True, slots=True)
class TableFolder:
    """The folder of a table, and what its files hold."""

    files: Files
    schema: pa.Schema  # names and types of all columns
    partitioned_by: Sequence[str]  # the columns that folders are named by


class DeltaLog:
    """The log of one table; nothing is read before it is asked for."""

    def __init__(self, folder: TableFolder, before_commit: Callable[[], None] | None) -> None:
        self._files, self._schema = folder.files, folder.schema
        self._partitioned_by = list(folder.partitioned_by)
        self._before_commit = before_commit
        self._delta: DeltaTable | None = None

    def __getstate__(self) -> dict[str, object]:  # an open table does not travel
        return {**self.__dict__, "_before_commit": None, "_delta": None}

    def refresh(self) -> None:
        """Forget what was read, so that the next look sees others' commits."""
        self._delta = None

    def transaction(self, app_id: str) -> int:
        """Return the last transaction number that `app_id` committed, 0 before the first."""
        delta = self._open()
        return 0 if delta is None else int(delta.transaction_version(app_id) or 0)

    def identity(self) -> str | None:
        """Return the id that Delta gave the table when it was made; None where there is none."""
        delta = self._open()
        return None if delta is None else str(delta.metadata().id)

    def make(self) -> str:
        """Make the table where there is none; return its id."""
        if self._open() is None:
            if self._before_commit:
                self._before_commit()
            self._create()
        return self.identity() or ""

    def deletions(self, erasures: Container[str], *, may_replace: bool) -> list[str]:
        """Return the kinds of commits in the log, as far back as it goes, that took rows away.

        Args:
            erasures: the runs that erased rows: their commits are ours.
            may_replace: whether commits that replace files are ours.
        """
        delta = self._open()
        with delta_errors(self._files.address):
            commits = [] if delta is None else delta.history()
        commits = [one for one in commits if one.get(ERASURE) not in erasures]
        kinds = [(str(one.get("operation")), _mode(one)) for one in commits]
        return [
            kind if kind in _DELETING else f"{kind} {mode}"
            for kind, mode in kinds
            if kind in _DELETING or (mode == "overwrite" and not may_replace)
        ]

    def published(self) -> list[WrittenFile]:
        """Return the published files, sorted by path."""
        delta = self._open()
        if delta is None:
            return []
        actions = pa.RecordBatchReader.from_stream(delta.get_add_actions(flatten=True)).read_all()
        rows = zip(
            actions.column("path").to_pylist(),
            actions.column("size_bytes").to_pylist(),
            actions.column("num_records").to_pylist(),
            strict=True,
        )
        files = (WrittenFile(unquote(path), size, count or 0) for path, size, count in rows)
        return sorted(files, key=lambda file: file.path)

    def commit(self, change: Change) -> None:
        """Commit to the newest version; again where a commit that does not matter came between.

        Delta tells a conflict by what a commit reads, and takes every overwrite
        for a reader of the whole table. What must not change in truth is the
        transaction's number, and that is looked at anew each time.

        Raises:
            ConcurrentRun: another writer committed under the same id meanwhile.
            StoreUnavailable: the store is full, read-only or not there.
        """
        if self._before_commit:
            self._before_commit()
        actions = list(self._actions(change.files))
        for tries_left in reversed(range(_TRIES)):
            self.refresh()
            self._require_next(change.transaction)
            try:
                delta = self._open() or self._create()
                before = delta.version()
                with delta_errors(self._files.address):
                    self._write(self._widened(delta), change, actions)
            except ConcurrentRun:
                if not tries_left:
                    raise
                time.sleep(_PAUSE * (_TRIES - tries_left))
            else:
                self._flush_since(before)
                self._summarize(delta)
                break
        self.refresh()

    def join_small_files(self) -> None:
        """Join many small files into few, so that reading the table stays cheap; no row changes."""
        if sum(file.size < _SMALL for file in self.published()) >= _MANY_FILES:
            with suppress(ConcurrentRun):  # the next append tries again
                self.edit(lambda delta: delta.optimize.compact(target_size=_SMALL))

    def edit(self, work: Callable[[DeltaTable], object]) -> None:
        """Let Delta write files of the newest version anew, if there are any, and put that on disk."""
        known = {file.path for file in self.published()}
        delta = self._open()
        if delta is None:
            return
        before = delta.version()
        with delta_errors(self._files.address):
            work(self._widened(delta))
        self.refresh()
        fresh = {file.path for file in self.published()} - known
        self._flush_since(before, fresh)

    def _require_next(self, transaction: tuple[str, int] | None) -> None:
        if transaction and self.transaction(transaction[0]) != transaction[1] - 1:
            raise ConcurrentRun(
                f"{self._files.address}: another run committed {transaction[0]} first",
                fix="run the same command again; it is safe to repeat",
            )

    def _write(self, delta: DeltaTable, change: Change, actions: Sequence[AddAction]) -> None:
        filters = [(name, "=", value) for name, value in (change.partition or {}).items()]
        app = [Transaction(*change.transaction)] if change.transaction else None
        delta.create_write_transaction(
            list(actions),
            change.mode,
            self._schema,
            self._partitioned_by or None,
            filters or None,
            commit_properties=CommitProperties(
                custom_metadata=dict(change.note) or None, app_transactions=app
            ),
        )

    def _summarize(self, delta: DeltaTable) -> None:
        """Write a checkpoint now and then, so that opening a table reads few commits."""
        if delta.version() and delta.version() % _CHECKPOINT == 0:
            with delta_errors(self._files.address):
                delta.create_checkpoint()
            summary = f"{_LOG}/{delta.version():020d}.checkpoint.parquet"
            self._files.flush([summary, f"{_LOG}/_last_checkpoint"])

    def _flush_since(self, version: int, files: Iterable[str] = ()) -> None:
        """Put the commits after a version on disk, and files of theirs; Delta does not wait for it."""
        names = (f"{_LOG}/{number:020d}.json" for number in count(version + 1))
        fresh = takewhile(lambda name: self._files.head(name) is not None, names)
        self._files.flush([*files, *fresh])

    def _actions(self, files: Sequence[WrittenFile]) -> Iterator[AddAction]:
        """Yield what a commit says of each file; all of a folder are looked up at once."""
        modified = {
            stat.name: stat.modified
            for folder in {_folder_of(file) for file in files}
            for stat in self._files.list(folder)
        }
        for file in files:
            if file.path not in modified:
                raise StoreUnavailable(
                    f"{self._files.address}/{file.path}: the file is gone before it was published",
                    fix="run the same command again",
                )
            stats = json.dumps({"numRecords": file.rows})
            values = table_files.values_of(file.path.rpartition("/")[0])
            yield AddAction(file.path, file.size, values, modified[file.path], True, stats)

    def _open(self) -> DeltaTable | None:
        if self._delta is None:
            with delta_errors(self._files.address):
                try:
                    self._delta = DeltaTable(
                        self._files.address, storage_options=dict(self._files.options()) or None
                    )
                except TableNotFoundError:
                    return None
        return self._delta

    def _create(self) -> DeltaTable:
        address = self._files.address
        with delta_errors(address):
            DeltaTable.create(
                address,
                self._schema,
                mode="ignore",
                partition_by=self._partitioned_by or None,
                storage_options=dict(self._files.options()) or None,
            )
        self._files.flush([f"{_LOG}/{0:020d}.json", _LOG, ""])
        opened = self._open()
        if opened is None:
            raise StoreUnavailable(
                f"{address}: the table could not be made", fix="look at the store's rights"
            )
        return opened

    def _widened(self, delta: DeltaTable) -> DeltaTable:
        """Add the columns that a table of an older release lacks.

        A commit of files does not, and what Delta does not know of a file is
        lost when it joins files.
        """
        columns = {field.name for field in delta.schema().fields}
        fields = Schema.from_arrow(self._schema).fields
        lacking = [field for field in fields if field.name not in columns]
        if lacking:
            delta.alter.add_columns(lacking)
        return delta


def _mode(commit: Mapping[str, Any]) -> str:
    """Return what a commit did with earlier files: append or overwrite; empty where it does not say."""
    return str((commit.get("operationParameters") or {}).get("mode", "")).lower()


def _folder_of(file: WrittenFile) -> str:
    """Return the folder of a file, with a slash at the end; empty at the top of the table."""
    folder = file.path.rpartition("/")[0]
    return f"{folder}/" if folder else ""


@contextmanager
def delta_errors(address: str) -> Iterator[None]:
    """Turn what Delta and the file system say of a table into our errors."""
    with store_errors(address):
        try:
            yield
        except CommitFailedError as error:
            raise ConcurrentRun(
                f"{address}: another run committed first",
                fix="run the same command again; it is safe to repeat",
            ) from error
        except DeltaError as error:
            raise unavailable(address, error) from error
