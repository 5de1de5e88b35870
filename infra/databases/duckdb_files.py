"""A query of a DuckDB file as input; the file is opened to read, and the query sees nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from infra.databases.input_table import (
    RowFilter,
    plain,
    require_file,
    select,
    subquery,
    unreadable,
    without_rows,
)

_BLOCK = 65_536  # rows


class DuckDbFile:
    """The result of a query.

    Args:
        shown: its address, as people may see it.
        path: of the file.
        query: of the job file.
    """

    def __init__(self, shown: str, path: str, query: str) -> None:
        self.shown, self._path, self._source = shown, path, subquery(query)

    def version(self) -> str | None:
        """Return None: only the rows tell whether they changed."""
        return None

    def schema(self) -> pa.Schema:
        """Return the columns with their types."""
        with self._open() as database:
            return database.sql(without_rows(self._source)).to_arrow_reader(1).schema

    def rows(
        self, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows; see the port."""
        with self._open() as database:
            answer = database.sql(select(self._source, columns, where, order))
            for rows in answer.to_arrow_reader(_BLOCK):
                yield plain(rows)

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        require_file(self.shown, self._path, "DuckDB")
        try:
            with duckdb.connect(self._path, read_only=True) as database:
                database.execute("SET enable_external_access = false")
                database.execute("SET TimeZone = 'UTC'")
                database.execute("SET lock_configuration = true")
                yield database
        except duckdb.Error as error:
            raise unreadable(self.shown, error) from error
