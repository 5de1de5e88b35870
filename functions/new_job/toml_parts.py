"""Parts of a new job file as TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Table


def table_of(values: Mapping[str, Any]) -> Table:
    """Return a table of the values, without those that are None."""
    table = tomlkit.table()
    for name, value in values.items():
        if value is not None:
            table[name] = value
    return table


def inline(values: Mapping[str, Any]) -> InlineTable:
    """Return the values as a table on one line."""
    table = tomlkit.inline_table()
    table.update(values)
    return table


def multiline(values: Sequence[str]) -> Any:
    """Return a list, over several lines where it is long."""
    return tomlkit.item(list(values)).multiline(len(values) > 8)
