"""The tables of a store, read with Delta Lake's own library."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import deltalake

Row = dict[str, Any]
Item = TypeVar("Item")
Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True)
class Stored:
    """One job of one store, as it is now; every table is read once."""

    store: Path
    job: str
    seed: str

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a table; none where it was never made."""
        return _rows(self, name)

    def files(self, name: str) -> list[str]:
        """Return the paths of a table's files."""
        table = _opened(self, name)
        return [] if table is None else [str(uri) for uri in table.file_uris()]


@functools.lru_cache(maxsize=200)
def _opened(stored: Stored, name: str) -> deltalake.DeltaTable | None:
    path = stored.store / name
    is_there = path.is_dir() and deltalake.DeltaTable.is_deltatable(str(path))
    return deltalake.DeltaTable(str(path)) if is_there else None


@functools.lru_cache(maxsize=200)
def _rows(stored: Stored, name: str) -> list[Row]:
    table = _opened(stored, name)
    if table is None:
        return []
    rows: list[Row] = table.to_pyarrow_table().to_pylist()
    return [row for row in rows if row["job"] == stored.job]


def forget() -> None:
    """Read every table anew from now on."""
    _opened.cache_clear()
    _rows.cache_clear()


def grouped(rows: Iterable[Item], by: Callable[[Item], Group]) -> dict[Group, list[Item]]:
    """Put rows with the same value together."""
    groups: dict[Group, list[Item]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return groups


def named(row: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    """Return some values of a row."""
    return tuple(row[name] for name in names)
