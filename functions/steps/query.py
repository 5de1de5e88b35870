"""The tables in DuckDB, as the design describes them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb

from functions import tables as views
from functions.app import App
from pipelines.errors import QueryInvalid


def query(app: App, sql: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Run one query over the job's tables; return the columns' names and all rows.

    Raises:
        QueryInvalid: DuckDB refuses it, with DuckDB's message; or it is more than one.
    """
    with duckdb.connect() as connection:
        connection.execute("SET enable_external_access = false")
        for name, table in views.all_views(app).items():
            connection.register(name, table)
        try:
            if len(connection.extract_statements(sql)) > 1:  # only the last would be answered
                raise QueryInvalid("there are several statements", fix="pass one at a time")
            relation = connection.sql(sql)
            found = None if relation is None else relation.to_arrow_table()
        except duckdb.Error as error:
            tables = ", ".join(views.NAMES)
            raise QueryInvalid(
                str(error).splitlines()[0], fix=f"correct the SQL; the tables are {tables}"
            ) from error
    if found is None:
        return [], []
    twice = [name for name, count in Counter(found.column_names).items() if count > 1]
    if twice:
        raise QueryInvalid(
            f"several columns are called {', '.join(twice)}",
            fix="give each a name of its own: SELECT … AS …",
        )
    return found.column_names, [_readable(row) for row in found.to_pylist()]


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(value) if _is_map(value) else value for name, value in row.items()}


def _is_map(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, tuple) and len(one) == 2 for one in value)
    )
