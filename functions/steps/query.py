"""The step `query`: SQL over the tables, of which only the named ones are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from functions.app import App
from functions.statements import require_bounded
from functions.tables import QUERYABLE, Views
from labeling.answers.current import LABELS
from pipelines.columns import relations
from pipelines.errors import QueryInvalid
from pipelines.tables.schemas import PARTITIONED_BY, TABLES, table_of

_COMPUTED: dict[str, tuple[pa.Schema, Callable[[Views], pa.Table]]] = {
    "labels": (LABELS, Views.labels),
    "quarantine": (TABLES["quarantine"], Views.quarantine),
    "samples": (TABLES["samples"], lambda views: views.current_samples(shown=True, scores=True)),
    "samples_history": (TABLES["samples"], lambda views: views.samples(shown=True, scores=True)),
    "annotations": (TABLES["annotations"], Views.annotations),
}

_ALL = (*QUERYABLE, "samples_history")
# PIVOT is of several kinds, because it looks for its columns first.
_LOOKS = {duckdb.StatementType.SELECT, duckdb.StatementType.MULTI}
_SCANNED = [name for name in PARTITIONED_BY if name not in _COMPUTED]


def query(app: App, sql: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Run one query over the job's tables; return the columns' names and all rows.

    Raises:
        QueryInvalid: DuckDB refuses it, with DuckDB's message; there are several statements; or
            it is too long or too deep to be parsed.
    """
    sql = sql.encode(errors="replace").decode()  # a terminal may pass bytes that are no text
    require_bounded(sql)
    with duckdb.connect() as connection:
        try:
            _require_a_look(connection.extract_statements(sql))
            _register(connection, app.views(), _named(sql))
            connection.execute("SET enable_external_access = false")
            relation = connection.sql(sql)
            rows = None if relation is None else relation.to_arrow_table()
        except duckdb.Error as error:
            raise QueryInvalid(
                str(error).splitlines()[0],
                fix=f"correct the SQL; the tables are {', '.join(QUERYABLE)}",
            ) from error
    if rows is None:
        return [], []
    twice = [name for name, count in Counter(rows.column_names).items() if count > 1]
    if twice:
        raise QueryInvalid(
            f"several columns are called {', '.join(twice)}",
            fix="give each a name of its own: SELECT … AS …",
        )
    try:
        return rows.column_names, [_readable(row) for row in relations.records(rows)]
    except OverflowError as error:
        raise QueryInvalid(
            "a time in the answer lies outside the years 1 to 9999",
            fix="cast it to text: SELECT … ::VARCHAR",
        ) from error


def _require_a_look(statements: list[duckdb.Statement]) -> None:
    """Refuse whatever is no single look at the tables: `COPY … TO` could replace a published file.

    Raises:
        QueryInvalid: there are several statements, or one that may write.
    """
    if len(statements) > 1:  # only the last would be answered
        raise QueryInvalid("there are several statements", fix="pass one at a time")
    if any(statement.type not in _LOOKS for statement in statements):
        raise QueryInvalid(
            "this is no query: it may write, or change the session",
            fix="pass one SELECT; DESCRIBE, SUMMARIZE, SHOW TABLES and PIVOT are queries too",
        )


def _named(sql: str) -> set[str]:
    """Return the tables whose name stands in the query, even if only in a text or a comment.

    DuckDB's own `get_table_names` binds the query, and fails on `JOIN … USING`.
    """
    return {*_ALL} & {word.lower() for word in re.findall(r"\w+", sql)}


def _register(connection: duckdb.DuckDBPyConnection, views: Views, named: set[str]) -> None:
    """Make a view of each table: of its rows where the query names it, else of its columns alone."""
    paths = {name: _paths(views, name) for name in _SCANNED if name in named}
    listed = ", ".join(_quoted(path) for files in paths.values() for path in files)
    connection.execute(f"SET allowed_paths = [{listed}]")
    for name in _ALL:
        if paths.get(name):
            _scan(connection, name, paths[name], _condition(views, name))
        elif name in named:
            connection.register(name, _rows(views, name))
        else:
            _refuse(connection, name)


def _schema(name: str) -> pa.Schema:
    return _COMPUTED[name][0] if name in _COMPUTED else TABLES[name]


def _types(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Return the columns of a table with their types, as DuckDB names them."""
    columns = connection.from_arrow(table_of(_schema(name), []))
    return {column: str(kind) for column, kind in zip(columns.columns, columns.types, strict=True)}


def _rows(views: Views, name: str) -> pa.Table:
    if name in _COMPUTED:
        return _COMPUTED[name][1](views)
    return views.tables.read(name, TABLES[name].names)


def _paths(views: Views, name: str) -> list[str]:
    address = views.tables.table(name).address
    return [f"{address}/{file.path}" for file in views.tables.files(name)]


def _condition(views: Views, name: str) -> str:
    """Return which rows of the files count: those of populations whose design was stored too."""
    if name != "populations":
        return "true"
    columns = ["batch", "purpose", "draw_no"]
    moments = relations.microseconds(views.designs, "known_at").tolist()
    keys = [views.designs[column].to_pylist() for column in columns]
    draws = {
        f"({_quoted(batch)}, {_quoted(purpose)}, {number}, {moment})"
        for batch, purpose, number, moment in zip(*keys, moments, strict=True)
    }
    stored = f"IN (VALUES {', '.join(sorted(draws))})"
    return f"({', '.join(columns)}, epoch_us(known_at)) {stored}" if draws else "false"


def _scan(
    connection: duckdb.DuckDBPyConnection, name: str, paths: list[str], condition: str
) -> None:
    """Let DuckDB read the columns and rows that a query needs from the published files.

    With the schema stated, DuckDB opens no file before it reads rows of it; a
    column that a file of an earlier release lacks is null there. The values of
    partition columns are taken from the last folders of a path alone:
    `hive_partitioning` would believe any folder above them, too.

    Args:
        connection: to DuckDB.
        name: of the table.
        paths: of its published files.
        condition: on the rows that count.
    """
    listed = ", ".join(_quoted(path) for path in paths)
    folders = "".join(f"{column}=([^/]*)/" for column in PARTITIONED_BY[name])
    partitions = {
        column: f"url_decode(regexp_extract(_path, '{folders}[^/]*$', {number}))"
        for number, column in enumerate(PARTITIONED_BY[name], start=1)
    }
    columns = ", ".join(
        f'{partitions[column]} AS "{column}"' if column in partitions else f'"{column}"'
        for column in TABLES[name].names
    )
    schema = ", ".join(
        f"'{column}': {{name: '{column}', type: '{kind}', default_value: NULL}}"
        for column, kind in _types(connection, name).items()
        if column not in partitions
    )
    connection.execute(
        f"CREATE VIEW {name} AS SELECT * FROM (SELECT {columns} FROM read_parquet([{listed}], "  # noqa: S608
        f"schema = MAP {{{schema}}}, hive_partitioning = false, filename = '_path')) WHERE {condition}"
    )


def _refuse(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make a view that fails when its rows are read: no answer is better than one without rows.

    `query_table('pre' || 'dictions')` reads a table that the query does not name.
    """
    columns = ", ".join(
        f'NULL::{kind} AS "{column}"' for column, kind in _types(connection, name).items()
    )
    problem = _quoted(
        f"the name of the table {name} does not stand in the query, so its rows were not looked up"
    )
    connection.execute(f"CREATE VIEW {name} AS SELECT {columns} WHERE error({problem})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(value) if _is_map(value) else value for name, value in row.items()}


def _is_map(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, tuple) and len(one) == 2 for one in value)
    )
