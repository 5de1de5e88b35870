"""Tables that are no files: Delta tables by their address, queries by the name of a database in settings.

The one place that knows which adapter a kind of address has. A client is imported
when its kind is named, not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import SecretStr

from infra.channels.references import resolved
from infra.databases.input_table import InputTable
from pipelines.errors import JobInvalid, SettingsInvalid

DELTA, _SQL = "delta:", "sql:"


def is_table(path: str) -> bool:
    """Tell whether a path of data names a table and no file.

    >>> is_table("delta:../warehouse/mails"), is_table("sql:warehouse"), is_table("mails.csv")
    (True, True, False)
    """
    return path.startswith((DELTA, _SQL))


def open_table(
    path: str, query: str | None, folder: Path, databases: Mapping[str, SecretStr]
) -> InputTable:
    """Open the table that `data.path` names.

    Args:
        path: `delta:ADDRESS` or `sql:NAME`.
        query: of the database; a Delta table has none.
        folder: where a relative address of a Delta table starts.
        databases: addresses by name, from the settings.

    Returns:
        The table.

    Raises:
        SettingsInvalid: no database has that name, or its address is of no known kind.
        JobInvalid: a query is missing.
        InputUnreadable: there is no table, or the database cannot be reached.
    """
    if path.startswith(DELTA):
        from infra.databases.delta_input import DeltaInput

        address = path.removeprefix(DELTA)
        return DeltaInput(address if "://" in address else str(folder / address))
    if not query:
        raise JobInvalid(
            f"data.path = {path} names a database, and no data.query says what to read of it",
            fix='add `query = "SELECT …"` to [data]; of `recheck init`, it is --query "SELECT …"',
        )
    return _opened(path.removeprefix(_SQL), query, databases)


def _opened(name: str, query: str, databases: Mapping[str, SecretStr]) -> InputTable:
    if name not in databases:
        known = ", ".join(databases) or "none"
        raise SettingsInvalid(
            f"no database is called {name!r} in the settings; they have {known}",
            fix=f'add `{name} = "…"` to [databases] of the settings file: an address, or env:NAME or file:PATH that holds one',
        )
    address = resolved(databases[name].get_secret_value(), os.environ)
    scheme, _, rest = address.partition(":")
    if scheme not in _KINDS:
        raise SettingsInvalid(
            f"the address of the database {name!r} begins with {scheme[:20]!r}: it is none of {', '.join(_KINDS)}",
            fix="write sqlite:/path/of/file.db, duckdb:/path/of/file.duckdb or postgresql://…",
        )
    where = address if rest.startswith("//") and scheme == "postgresql" else rest
    return _KINDS[scheme](f"sql:{name}", where, query)


def _duckdb(shown: str, path: str, query: str) -> InputTable:
    from infra.databases.duckdb_files import DuckDbFile

    return DuckDbFile(shown, path, query)


def _sqlite(shown: str, path: str, query: str) -> InputTable:
    from infra.databases.sqlite_files import SqliteFile

    return SqliteFile(shown, path, query)


def _postgres(shown: str, url: str, query: str) -> InputTable:
    from infra.databases.postgres import Postgres

    return Postgres(shown, url, query)


_KINDS: dict[str, Callable[[str, str, str], InputTable]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "postgresql": _postgres,
}
