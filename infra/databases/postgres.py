"""A query of a PostgreSQL database as input, by its ADBC driver, in a transaction that can only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from infra.databases.input_table import RowFilter, plain, select, subquery, unreadable, without_rows
from pipelines.errors import InputUnreadable


class Postgres:
    """The result of a query.

    Args:
        shown: its address, as people may see it.
        url: of the database, `postgresql://user:password@host/name`.
        query: of the job file.
    """

    def __init__(self, shown: str, url: str, query: str) -> None:
        self.shown, self._url, self._source = shown, url, subquery(query)

    def version(self) -> str | None:
        """Return None: only the rows tell whether they changed."""
        return None

    def schema(self) -> pa.Schema:
        """Return the columns with their types."""
        with self._cursor() as cursor:
            cursor.execute(without_rows(self._source))
            return cursor.fetch_record_batch().schema

    def rows(
        self, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows; see the port."""
        with self._cursor() as cursor:
            cursor.execute(select(self._source, columns, where, order))
            for rows in cursor.fetch_record_batch():
                yield plain(rows)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        dbapi = _driver()
        try:
            with dbapi.connect(self._url) as connection, connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
                cursor.execute("SET LOCAL TIME ZONE 'UTC'")
                yield cursor
        except dbapi.Error as error:
            raise unreadable(self.shown, Exception(str(error).replace(self._url, "…"))) from error


def _driver() -> Any:
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise InputUnreadable(
            "PostgreSQL is read through its ADBC driver, which is not installed",
            fix="run `pip install adbc-driver-postgresql adbc-driver-manager`",
        ) from error
    return dbapi
