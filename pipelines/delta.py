"""Tables as Delta Lake: files are written by whoever has the rows, and published by one commit.

A commit is all or nothing and readers never see half of it. It may carry an
application's transaction number, so that a repeat can be told from a first time.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from pipelines.columns import bool_array, coded_texts, dictionary_codes
from pipelines.errors import ConcurrentRun, RecheckError, StoreUnavailable
from pipelines.schemas import table_of

_MANY_FILES = 128
_RANDOM = "prediction_id"  # zstd would halve it, and take as long as all other columns together


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file that lies in a table's folder and is not yet published."""

    path: str  # relative to the table's folder, with partition folders
    size: int  # bytes
    rows: int


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

    @property
    def exists(self) -> bool:
        """Whether anything was ever committed to it."""
        return self._open() is not None

    @property
    def version(self) -> int:
        """The number of the newest commit, -1 before the first."""
        delta = self._open()
        return -1 if delta is None else int(delta.version())

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
        return [self.partition_of(folder) for folder in sorted(folders)]

    def partition_of(self, folder: str) -> dict[str, str]:
        """The values of the partition columns that a folder's name holds."""
        return dict(_unfold(part) for part in folder.split("/"))

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
        return "".join(f"{name}={quote(partition[name], safe='')}/" for name in self.partitioned_by)

    def write_file(self, name: str, rows: pa.RecordBatch | pa.Table) -> WrittenFile:
        """Write rows as a file that no reader sees before it is published.

        Args:
            name: path relative to the table. An existing file is replaced in
                one step: the same name always means the same content.
            rows: without the partition columns.
        """
        path = Path(self.uri) / name
        scratch = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
        with translated(self.uri):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with pq.ParquetWriter(scratch, rows.schema, **_writing(rows.schema)) as writer:
                    writer.write(rows)
                scratch.replace(path)
            finally:
                scratch.unlink(missing_ok=True)
            return WrittenFile(name, path.stat().st_size, rows.num_rows)

    def append(self, rows: pa.Table, *, transaction: tuple[str, int] | None = None) -> None:
        """Publish rows by one commit.

        Raises:
            ConcurrentRun: another writer committed the same transaction first.
            StoreUnavailable: the store is full, read-only or not there.
        """
        name = f"{uuid.uuid4().hex}.parquet"
        files = []
        for partition, part in self._split(rows):
            folder = self.folder(partition) if partition else ""
            files.append(self.write_file(folder + name, part))
        self._commit(files, "append", None, transaction, {})
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

        Args:
            transaction: (application id, number); the number is one more than
                `transaction(application id)` said.
            note: goes into the commit's own record, for auditors.

        Raises:
            ConcurrentRun: another writer changed the partition meanwhile.
            StoreUnavailable: the store is full, read-only or not there.
        """
        self._commit(files, "overwrite", partition, transaction, note)

    def _commit(
        self,
        files: Sequence[WrittenFile],
        mode: str,
        partition: Mapping[str, str] | None,
        transaction: tuple[str, int] | None,
        note: Mapping[str, str],
    ) -> None:
        if transaction and self.transaction(transaction[0]) != transaction[1] - 1:
            raise _overtaken(self.uri)
        delta = self._open() or self._create()
        properties = CommitProperties(
            custom_metadata=dict(note) or None,
            app_transactions=[Transaction(*transaction)] if transaction else None,
        )
        filters = [(name, "=", value) for name, value in partition.items()] if partition else None
        with translated(self.uri):
            delta.create_write_transaction(
                [self._action(one) for one in files],
                mode,
                self.schema,
                self.partitioned_by or None,
                filters,
                commit_properties=properties,
            )
        self.refresh()

    def _tidy(self) -> None:
        """Join many small files into few, so that reading a table stays cheap; no row changes."""
        if self.partitioned_by or len(self.files()) < _MANY_FILES:
            return
        delta = self._open()
        if delta is not None:
            with suppress(ConcurrentRun), translated(self.uri):  # the next append tries again
                delta.optimize.compact()
            self.refresh()

    def _action(self, file: WrittenFile) -> AddAction:
        values = self._values(file)
        modified = int((Path(self.uri) / file.path).stat().st_mtime * 1000)
        stats = json.dumps({"numRecords": file.rows})
        return AddAction(file.path, file.size, values, modified, True, stats)  # their signature

    def _open(self) -> DeltaTable | None:
        if self._delta is None:
            with translated(self.uri):
                try:
                    self._delta = DeltaTable(self.uri)
                except TableNotFoundError:
                    return None
        return self._delta

    def _create(self) -> DeltaTable:
        with translated(self.uri):
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

    def _values(self, file: WrittenFile) -> dict[str, str]:
        folder, slash, _ = file.path.rpartition("/")
        return self.partition_of(folder) if slash else {}

    def _split(self, rows: pa.Table) -> Iterator[tuple[dict[str, str], pa.Table]]:
        """The rows by partition, without the columns that the folder's name holds."""
        if not self.partitioned_by:
            yield {}, rows.cast(self.schema)
            return
        kept = [name for name in self.schema.names if name not in self.partitioned_by]
        rows = rows.combine_chunks()
        columns = [dictionary_codes(rows[name].combine_chunks()) for name in self.partitioned_by]
        codes = np.stack([codes for codes, _ in columns], axis=1)
        for combination in np.unique(codes, axis=0):
            values = [words[code] for (_, words), code in zip(columns, combination, strict=True)]
            mask = bool_array((codes == combination).all(axis=1))
            partition = dict(zip(self.partitioned_by, values, strict=True))
            yield partition, rows.filter(mask).select(kept)

    def _read_file(self, file: WrittenFile, wanted: pa.Schema) -> pa.Table:
        values = self._values(file)
        stored = [name for name in wanted.names if name not in values]
        with translated(self.uri):
            table = pq.ParquetFile(Path(self.uri) / file.path).read(stored)
        columns = [
            coded_texts(np.zeros(table.num_rows), [values[field.name]]).dictionary_decode()
            if field.name in values
            else table[field.name].cast(field.type)
            for field in wanted
        ]
        return pa.table(columns, schema=wanted)


def _writing(schema: pa.Schema) -> dict[str, object]:
    """Options per column: a dictionary of what hardly repeats costs time and gains nothing."""
    plain = {_RANDOM, "key", "score", "value"}
    coded = [
        name
        for name in schema.names
        if name not in plain and not pa.types.is_nested(schema.field(name).type)
    ]
    compression = {name: "none" if name == _RANDOM else "zstd" for name in _leaves(schema)}
    return {
        "compression": compression, "store_schema": False,
        "use_dictionary": coded or False, "write_statistics": coded or False,
    }  # fmt: skip


def _leaves(schema: pa.Schema) -> list[str]:
    """The columns as Parquet names them: a map is two."""
    maps = [field.name for field in schema if pa.types.is_map(field.type)]
    inner = [f"{name}.key_value.{part}" for name in maps for part in ("key", "value")]
    return [*(name for name in schema.names if name not in maps), *inner]


def _unfold(folder: str) -> tuple[str, str]:
    name, _, value = folder.partition("=")
    return name, unquote(value)


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the file system and Delta say into our errors.

    Raises:
        ConcurrentRun: a conflicting commit was there first.
        StoreUnavailable: anything else that keeps the store from being used.
    """
    try:
        yield
    except RecheckError:
        raise
    except CommitFailedError as error:
        raise _overtaken(place) from error
    except (OSError, DeltaError, pa.ArrowException) as error:
        raise StoreUnavailable(f"{place}: {_first_line(error)}", fix=_way_out(error)) from error


def _overtaken(place: str) -> ConcurrentRun:
    return ConcurrentRun(
        f"{place}: another run committed first",
        fix="run the same command again; it is safe to repeat",
    )


def _way_out(error: Exception) -> str:
    text = str(error).lower()
    if "no space" in text or "quota" in text:
        return "free space on the store's disk, then run the same command again; nothing was half published"
    if "permission" in text or "read-only" in text or "readonly" in text:
        return "give this user the right to write there, or name another store by RECHECK_STORE"
    return "check the store named by RECHECK_STORE, then run the same command again"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or error.__class__.__name__).splitlines()[0][:300]
