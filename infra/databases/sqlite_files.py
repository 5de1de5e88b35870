"""A query of a SQLite file as input, by Python's own module; the file is opened to read.

SQLite has a type for each value and none for a column. A column whose values are all
whole numbers is one of integers, one of numbers is of floats, and any other is of text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from infra.databases.input_table import (
    RowFilter,
    quoted,
    require_file,
    select,
    subquery,
    unreadable,
    without_rows,
)

_BLOCK = 65_536  # rows


class SqliteFile:
    """The result of a query.

    Args:
        shown: its address, as people may see it.
        path: of the file.
        query: of the job file.
    """

    def __init__(self, shown: str, path: str, query: str) -> None:
        self.shown, self._path, self._source = shown, path, subquery(query)
        self._schema: pa.Schema | None = None

    def version(self) -> str | None:
        """Return None: only the rows tell whether they changed."""
        return None

    def schema(self) -> pa.Schema:
        """Return the columns with their types, from all of their values."""
        if self._schema is None:
            with self._open() as database:
                answer = database.execute(without_rows(self._source))
                names = [column[0] for column in answer.description]
                self._schema = pa.schema([(name, self._type(database, name)) for name in names])
        return self._schema

    def _type(self, database: sqlite3.Connection, name: str) -> pa.DataType:
        sql = f"SELECT DISTINCT typeof({quoted(name)}) FROM {self._source}"  # noqa: S608 - the query is the job file's
        kinds = {row[0] for row in database.execute(sql)} - {"null"}
        if kinds == {"blob"}:
            return pa.binary()
        if not kinds or kinds - {"integer", "real"}:
            return pa.string()
        return pa.int64() if kinds == {"integer"} else pa.float64()

    def rows(
        self, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows; see the port."""
        schema = self.schema()
        names = list(columns) or schema.names
        wanted = pa.schema([schema.field(name) for name in names])
        with self._open() as database:
            answer = database.execute(select(self._source, names, where, order))
            while block := answer.fetchmany(_BLOCK):
                cells = zip(*block, strict=True)
                yield pa.RecordBatch.from_arrays(
                    [
                        _array(values, field.type)
                        for values, field in zip(cells, wanted, strict=True)
                    ],
                    schema=wanted,
                )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        require_file(self.shown, self._path, "SQLite")
        address = f"{Path(self._path).absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as base:
                base.execute("BEGIN")  # one state of the database for all that is read
                yield base
        except sqlite3.Error as error:
            raise unreadable(self.shown, error) from error


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([_text(value) for value in values], kind)
    return pa.array(values, kind)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
