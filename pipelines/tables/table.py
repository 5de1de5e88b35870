"""Tables: workers write Parquet files, and one commit publishes them all."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Container, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import texts
from pipelines.errors import StoreUnavailable
from pipelines.tables import delta_edits, table_files
from pipelines.tables.delta import Change, DeltaLog, TableFolder
from pipelines.tables.files import Files
from pipelines.tables.schemas import table_of
from pipelines.tables.store_errors import store_errors
from pipelines.tables.table_files import WrittenFile


class Table:
    """One table of the store; nothing is read before it is asked for.

    Args:
        store_files: the folder of the table.
        schema: names and types of all columns.
        partitioned_by: the columns that folders are named by.
        before_commit: is called before each commit, in this process only.
    """

    def __init__(
        self,
        store_files: Files,
        schema: pa.Schema,
        partitioned_by: Sequence[str] = (),
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        self.store_files, self.schema = store_files, schema
        self.partitioned_by = list(partitioned_by)
        folder = TableFolder(store_files, schema, self.partitioned_by)
        self._log = DeltaLog(folder, before_commit)

    @property
    def address(self) -> str:
        """The path or URL of the table."""
        return self.store_files.address

    def refresh(self) -> None:
        """Forget what was read, so that the next look sees others' commits."""
        self._log.refresh()

    def transaction(self, app_id: str) -> int:
        """Return the last transaction number that `app_id` committed, 0 before the first."""
        return self._log.transaction(app_id)

    def identity(self) -> str | None:
        """Return the id of the table, another one as soon as it is made anew; None where there is none."""
        return self._log.identity()

    def make(self) -> str:
        """Make the table where there is none; return its id."""
        return self._log.make()

    def deletions(self, *, erasures: Container[str] = (), may_replace: bool = False) -> list[str]:
        """Return the kinds of commits that took rows away; see `DeltaLog.deletions`."""
        return self._log.deletions(erasures, may_replace=may_replace)

    def delete(self, condition: str, run: str, numbers: Sequence[tuple[str, int]] = ()) -> None:
        """Delete rows by one commit.

        Args:
            condition: in SQL, over the columns.
            run: the id of the run that does it.
            numbers: transactions that begin anew, as `delta_edits.delete_rows` takes them.
        """
        self._log.refresh()
        self._log.edit(lambda delta: delta_edits.delete_rows(delta, condition, run, numbers))

    def update(self, condition: str, values: Mapping[str, str], run: str) -> None:
        """Change columns of rows by one commit, in a table without partitions.

        Args:
            condition: in SQL, over the columns.
            values: in SQL, by column.
            run: the id of the run that does it.
        """
        self._log.refresh()
        self._log.edit(lambda delta: delta_edits.update_rows(delta, condition, values, run))

    def rewritten(
        self,
        partition: Mapping[str, str],
        change: Callable[[pa.Table], pa.Table],
        rename: Callable[[str], str],
    ) -> dict[str, WrittenFile]:
        """Write the files of a partition once more, changed; no reader sees them before `exchange`.

        Args:
            partition: the values of all partition columns.
            change: of the rows of a file, without the partition columns.
            rename: the new name of a file.

        Returns:
            Each new file, by the name of the one that it will replace.
        """
        fresh, folder = {}, self.folder(partition)
        for file in self.files(partition):
            with store_errors(self.address):
                rows = change(table_files.stored(self.store_files.open(file.path)))
            fresh[file.name] = self.write_file(folder + rename(file.name), rows)
        return fresh

    def exchange(
        self, partition: Mapping[str, str], files: Sequence[WrittenFile], run: str
    ) -> None:
        """Make `files` the whole content of a partition, by one commit of an erasure.

        Args:
            partition: the values of all partition columns.
            files: from `rewritten`.
            run: the id of the run that does it.
        """
        note = {delta_edits.ERASURE: run}
        self._log.commit(Change(files, "overwrite", partition, None, note))

    def drop_history(self) -> None:
        """Remove what the log keeps of earlier commits: it may hold texts of rows that are erased."""
        self._log.refresh()
        self._log.edit(lambda delta: delta_edits.drop_history(delta, self.store_files))

    def sweep(self, partition: Mapping[str, str]) -> None:
        """Remove the files of a partition that are not published: what replaced, deleted, joined and killed writes left.

        Args:
            partition: as for `files`; of a table without partitions, all files are swept.
        """
        self._log.refresh()
        folder = self.folder(partition) if self.partitioned_by else ""
        published = {file.path for file in self.files()}
        begun = [one for one in self.store_files.unfinished() if one.name.startswith(folder)]
        for stat in [*self.store_files.list(folder), *begun]:
            if stat.name not in published and not stat.name.startswith("_"):
                self.store_files.delete(stat.name)

    def files(self, partition: Mapping[str, str] | None = None) -> list[WrittenFile]:
        """Return the published files, sorted by path.

        Args:
            partition: the values of all partition columns, or of the first ones; None for all.
        """
        folder = self.folder(partition) if partition else ""
        return [file for file in self._log.published() if file.path.startswith(folder)]

    def partitions(self) -> list[dict[str, str]]:
        """Return the values of the partition columns that hold at least one file."""
        folders = {file.path.rsplit("/", 1)[0] for file in self.files()}
        return [table_files.values_of(folder) for folder in sorted(folders)]

    def read(
        self,
        columns: Sequence[str] | None = None,
        partition: Mapping[str, str] | None = None,
        where: Mapping[str, Collection[str]] | None = None,
        digests: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Read published rows, a file at a time.

        Args:
            columns: their names, in order; all without it.
            partition: as for `files`.
            where: keeps the rows whose text in each of these columns is one of the values.
            digests: by name of a file without its folder, as `WrittenFile.digest`; a file
                that is named must have these very bytes.

        Returns:
            The rows, in the order of files and rows.

        Raises:
            StoreUnavailable: a file is missing, broken, or was changed.
        """
        names = list(columns or self.schema.names)
        wanted = pa.schema([self.schema.field(name) for name in names])
        kept = {name: texts(sorted(values)) for name, values in (where or {}).items()}
        scanned = pa.schema(
            [*wanted, *(self.schema.field(name) for name in kept if name not in names)]
        )
        tables = [
            _where(self._read_file(file, scanned, (digests or {}).get(file.name)), kept)
            for file in self.files(partition)
        ]
        return pa.concat_tables([table_of(wanted, []), *(table.select(names) for table in tables)])

    def first_rows(self, column: str) -> pa.Table:
        """Return one column of the first row of each published file: all of a file were written at once."""
        wanted = pa.schema([self.schema.field(column)])
        with store_errors(self.address):
            rows = [
                table_files.first_row(self.store_files.open(file.path), wanted)
                for file in self.files()
            ]
        return pa.concat_tables([table_of(wanted, []), *rows])

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
        with store_errors(self.address):
            content = table_files.parquet_of(rows)
            self.store_files.put(name, content)
        return WrittenFile(name, content.size, rows.num_rows, table_files.digest_of(content))

    def append(
        self, rows: pa.Table, *, transaction: tuple[str, int] | None = None
    ) -> list[WrittenFile]:
        """Publish rows by one commit, with whatever others append meanwhile.

        Args:
            rows: with all columns of the schema.
            transaction: as for `replace`.

        Returns:
            The files that hold the rows; those of a table without partitions may be joined later.

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
        self._log.commit(Change(files, "append", None, transaction, {}))
        if not self.partitioned_by:
            self._log.join_small_files()
        return files

    def replace(
        self,
        partition: Mapping[str, str],
        files: Sequence[WrittenFile],
        *,
        transaction: tuple[str, int],
        note: Mapping[str, str],
    ) -> None:
        """Make `files` the whole content of a partition, by one commit.

        Commits to other partitions only cause another try, a limited number of times.

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
        self._log.commit(Change(files, "overwrite", partition, transaction, note))

    def _read_file(self, file: WrittenFile, wanted: pa.Schema, digest: str | None) -> pa.Table:
        values = table_files.values_of(file.path.rpartition("/")[0])
        with store_errors(self.address):
            opened = (
                self.store_files.open(file.path) if digest is None else self._same(file, digest)
            )
            return table_files.read(opened, wanted, values)

    def _same(self, file: WrittenFile, digest: str) -> pa.NativeFile:
        """Open the bytes of a file that has the digest; what was verified is what is read."""
        content = self.store_files.read(file.path)
        if table_files.digest_of(content) != digest:
            raise StoreUnavailable(
                f"{self.address}/{file.path}: the file was changed since it was published",
                fix="restore it from a backup of the store, or score its batch again with --replace",
            )
        return pa.BufferReader(content)


def _where(rows: pa.Table, kept: Mapping[str, pa.Array]) -> pa.Table:
    """Return the rows whose text in each column is one of the values."""
    for name, values in kept.items():
        rows = rows.filter(pc.is_in(rows[name], value_set=values))
    return rows
