"""What is asked of a table that is read as input, and the SQL that asks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from pipelines.columns.buffers import without_views
from pipelines.errors import InputUnreadable

SqlValue = str | int | datetime


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Rows whose column lies from `low` to below `high`, or has one of some values."""

    column: str
    low: int | datetime | None = None
    high: int | datetime | None = None
    among: tuple[str | int, ...] = ()

    @property
    def sql(self) -> str:
        """The condition, in the SQL that all databases speak."""
        name = quoted(self.column)
        if self.among:
            return f"{name} IN ({', '.join(map(written, self.among))})"
        ends = [(">=", self.low), ("<", self.high)]
        return " AND ".join(
            f"{name} {sign} {written(end)}" for sign, end in ends if end is not None
        )


class InputTable(Protocol):
    """A table, or the result of a query, that is read as input."""

    shown: str  # its address, as people may see it

    def version(self) -> str | None:
        """Return what changes whenever the rows do; None where nothing tells."""
        ...

    def schema(self) -> pa.Schema:
        """Return the columns with their types."""
        ...

    def rows(
        self, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows.

        Args:
            columns: to read; none for all.
            where: which rows; None for all.
            order: the columns that they are sorted by.

        Yields:
            The rows in blocks.
        """
        ...


def select(
    source: str, columns: Sequence[str], where: RowFilter | None, order: Sequence[str]
) -> str:
    r"""Write a query.

    Args:
        source: the table or subquery, as SQL.
        columns: to read; none for all.
        where: which rows; None for all.
        order: the columns that they are sorted by.

    Returns:
        The SQL.

    >>> print(select("t", ["a"], RowFilter("b", among=("it's",)), ["a"]))
    SELECT "a" FROM t WHERE "b" IN ('it''s') ORDER BY "a"
    """
    wanted = ", ".join(map(quoted, columns)) or "*"
    text = f"SELECT {wanted} FROM {source}"  # noqa: S608 - the query is the job file's
    text += f" WHERE {where.sql}" if where else ""
    return text + (f" ORDER BY {', '.join(map(quoted, order))}" if order else "")


def subquery(query: str) -> str:
    """Return a query as what another one selects from."""
    return f"({query.strip().rstrip(';')}\n) AS query_of_the_job"


def without_rows(source: str) -> str:
    """Return a query for the columns of a table or subquery, and none of its rows."""
    return f"SELECT * FROM {source} LIMIT 0"  # noqa: S608 - the query is the job file's


def quoted(name: str) -> str:
    """Quote the name of a column."""
    return '"' + name.replace('"', '""') + '"'


def written(value: SqlValue) -> str:
    """Write a value as SQL."""
    if isinstance(value, datetime):
        kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMP WITH TIME ZONE"
        return f"{kind} '{value.isoformat(sep=' ')}'"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def plain(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows in layouts that every reader of Parquet knows."""
    columns = [without_views(column) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def require_file(shown: str, path: str, kind: str) -> None:
    """Refuse a database of one file that is not there.

    Args:
        shown: the address of the query, as people may see it.
        path: of the file.
        kind: the name of the database system.

    Raises:
        InputUnreadable: there is no such file.
    """
    if not Path(path).is_file():
        raise InputUnreadable(
            f"{shown}: there is no {kind} file at the address that the settings have",
            fix="correct it in [databases] of the settings; it is a whole path",
        )


def unreadable(shown: str, error: Exception) -> InputUnreadable:
    """Make the error of a query that a database refuses.

    Args:
        shown: the address of the query, as people may see it.
        error: what the database says.

    Returns:
        The error, to be raised.
    """
    first = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
    return InputUnreadable(
        f"{shown}: the database refuses data.query: {first}",
        fix="try the query in the database itself; it is one SELECT",
    )
