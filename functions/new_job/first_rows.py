"""The first rows of the first files, a column at a time: files need not agree about its type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import is_text
from pipelines.columns.spelling import canonical_text
from pipelines.columns.utf8 import readable
from pipelines.errors import InputUnreadable
from pipelines.input import fragments
from pipelines.input.decimal_commas import pointed, shows_decimal_commas
from pipelines.input.fragments import Projection, Source

LOOKED_AT = 20_000  # rows per file
FILES = 3  # that are looked at


@dataclass(frozen=True, slots=True)
class FirstValues:
    """The first values of a column, of the first files in one type."""

    name: str
    values: pa.Array  # (n,), null where a file does not have the column
    is_untyped: bool  # text of files without types, or of files that differ in type
    timezone: str | None  # of its times, where they have one
    is_everywhere: bool  # each of the files has the column


def first_values(sources: Sequence[Source]) -> list[FirstValues]:
    """Return the first values of each column of the first files that have rows.

    Raises:
        InputUnreadable: none has any, or one cannot be read.
        SchemaMismatch: two columns of a file have the same name.
    """
    with_rows = ((source, table) for source in sources if (table := _table(source)).num_rows)
    tables = list(islice(with_rows, FILES))
    if not tables:
        raise InputUnreadable(
            f"{sources[0].path} has no rows",
            fix="name data with rows by --data: init looks at them",
        )
    names = dict.fromkeys(name for _, table in tables for name in table.column_names)
    return [_joined(name, tables) for name in names]


def _table(source: Source) -> pa.Table:
    blocks = list(_first_rows(source))
    return pa.Table.from_batches(blocks) if blocks else pa.table({})


def _first_rows(source: Source) -> Iterator[pa.RecordBatch]:
    left = LOOKED_AT
    for split in fragments.splits_of(source):
        for _, rows in fragments.read_split(split, Projection(None)):
            yield rows.slice(0, left)
            left -= min(left, rows.num_rows)
            if not left:
                return


def _joined(name: str, tables: Sequence[tuple[Source, pa.Table]]) -> FirstValues:
    there = [(source, table[name]) for source, table in tables if name in table.column_names]
    columns = [_plain(column.combine_chunks()) for _, column in there]
    zones = [getattr(column.type, "tz", None) for column in columns]
    typed = [column for column in columns if not kinds.is_null(column.type)] or columns
    families = {_family(column.type) for column in typed}
    if len({column.type for column in typed}) > 1:
        together = _FAMILIES.get(families.pop()) if len(families) == 1 else None
        typed = [
            column.cast(together, safe=False) if together else _text(column) for column in typed
        ]
    rows = sum(table.num_rows for _, table in tables)
    if all(source.is_csv and source.rules.decimal == "," for source, _ in there):
        typed = [_with_points(column) for column in typed]
    joined = pa.concat_arrays(typed)
    joined = pa.concat_arrays([joined, pa.nulls(rows - len(joined), joined.type)])
    is_untyped = is_text(joined.type) and (
        len(families) != 1 or any(source.is_untyped for source, _ in there)
    )
    zone = next(filter(None, zones), None)
    return FirstValues(name, joined, is_untyped, zone, len(there) == len(tables))


def _with_points(column: pa.Array) -> pa.Array:
    """Write a column of numbers with decimal points; other texts stay as they are."""
    whole = readable(column) if is_text(column.type) else column
    return pointed(whole) if is_text(whole.type) and shows_decimal_commas(whole) else column


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string()) if is_text(column.type) else column


_FAMILIES = {"number": pa.float64(), "integer": pa.int64(), "time": pa.timestamp("us")}


def _family(kind: pa.DataType) -> str:
    """Name the types whose values can stand in one column."""
    if kinds.is_integer(kind):
        return "integer"
    if kinds.is_floating(kind) or kinds.is_decimal(kind):
        return "number"
    if kinds.is_timestamp(kind) or kinds.is_date(kind):
        return "time"
    return str(kind)


def _text(column: pa.Array) -> pa.Array:
    """Spell values of any type: the files that hold them have another type each."""
    if kinds.is_temporal(column.type):
        return column.cast(pa.string())
    if kinds.is_nested(column.type) or kinds.is_binary(column.type):
        return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
    return canonical_text(column)
