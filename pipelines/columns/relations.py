"""Tables as relations: filter, look up, group and newest-of, over Arrow columns.

Everything here works on whole columns and imports no pandas, which the obvious
calls of Arrow (`Table.to_pylist` on a time, a comparison with a Python string) do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import (
    Int64s,
    booleans,
    dictionary_codes,
    int_array,
    integers,
    texts,
    time_array,
)
from pipelines.columns.utc_times import micros_of, time_of


def known_by(table: pa.Table, as_of: datetime | None) -> pa.Table:
    """Return the rows whose `known_at` is not later than `as_of`; every row if that is None.

    `known_at` is when a row was committed. So this is the table as it was at that
    time, up to and including that microsecond.
    """
    if as_of is None:
        return table
    moment = time_array([micros_of(as_of)])[0]
    return table.filter(pc.less_equal(table.column("known_at"), moment))


def where_in(table: pa.Table, name: str, *values: str) -> pa.Table:
    """Return the rows whose text in one column is any of the values, as SQL's `WHERE ... IN`.

    Args:
        table: the rows.
        name: a column of text. Rows without a value are left out.
        values: the texts to keep.

    Returns:
        A table of the same columns, in the order of the rows.

    >>> table = pa.table({"state": texts(["valid", "stale", None])})
    >>> where_in(table, "state", "valid", "outcome").num_rows
    1
    """
    return table.filter(pc.is_in(table.column(name), value_set=texts(values)))


def newest(rows: pa.Table, by: Sequence[str]) -> pa.Table:
    """Return of each key the row that was drawn last.

    A series is a sample design with its top-ups; whatever else draws begins another
    series. So the last draw has the highest `draw_no` of the highest `series`.

    Args:
        rows: rows of `designs` or `samples`, of one job.
        by: the text columns that make the key.

    Returns:
        One row per distinct key; their order means nothing.
    """
    order = [integers(column(rows, name)) for name in ("series", "draw_no")]
    return rows.take(last_of_each(group_codes(rows, by), order))


def records(table: pa.Table) -> list[dict[str, Any]]:
    """Return each row as a dictionary by column name, with times in UTC.

    >>> records(pa.table({"batch": texts(["b1"]), "known_at": time_array([0])}))
    [{'batch': 'b1', 'known_at': datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)}]
    """
    columns = [_values(column(table, name)) for name in table.column_names]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(values: pa.Array) -> list[Any]:
    if not pa.types.is_timestamp(values.type):
        plain: list[Any] = values.to_pylist()
        return plain
    micros = integers(values.cast(pa.timestamp("us", values.type.tz), safe=False)).tolist()
    times = [time_of(at) for at in micros]
    if values.type.tz is None:  # as the clock on the wall shows it
        times = [time.replace(tzinfo=None) for time in times]
    present = booleans(pc.is_valid(values)).tolist()
    return [time if valid else None for time, valid in zip(times, present, strict=True)]


def column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array."""
    chunks = table.column(name)
    if not chunks.num_chunks:  # combining nothing would import pandas
        return pa.nulls(0, chunks.type)
    return chunks.combine_chunks()


def group_codes(table: pa.Table, by: Iterable[str]) -> Int64s:
    """Number the groups of rows that share a key.

    Args:
        table: the rows (n,).
        by: the text columns that make the key; nulls are equal to each other.

    Returns:
        The number of each row's group (n,), from 0, without gaps.

    >>> table = pa.table({"key": texts(["b", "a", "b"])})
    >>> group_codes(table, ["key"]).tolist()
    [0, 1, 0]
    """
    groups = np.zeros(table.num_rows, dtype=np.int64)
    for name in by:
        codes, values = dictionary_codes(column(table, name))
        _, groups = np.unique(groups * (len(values) + 1) + codes + 1, return_inverse=True)
    return groups


def places(rows: pa.Table, among: pa.Table, by: Sequence[str]) -> Int64s:
    """Look up the key of each row in another table: the row numbers of a left join.

    Args:
        rows: the rows to look up (n,).
        among: the table to look in, with at most one row per key.
        by: the text columns that make the key, in both tables.

    Returns:
        For each row, the number of the row of `among` that has its key: (n,),
        -1 where none has.

    >>> asked, shown = pa.table({"id": texts(["p2", "p9"])}), pa.table({"id": texts(["p1", "p2"])})
    >>> places(asked, shown, ["id"]).tolist()
    [1, -1]
    """
    keys = pa.concat_tables([rows.select(by), among.select(by)])
    codes = group_codes(keys, by)
    row_of_code = np.full(len(codes) + 1, -1, dtype=np.int64)
    row_of_code[codes[rows.num_rows :]] = np.arange(among.num_rows)
    return row_of_code[codes[: rows.num_rows]]


def last_of_each(groups: Int64s, order: Sequence[Int64s]) -> pa.Int64Array:
    """Return the number of the last row of each group.

    Args:
        groups: the group of each row (n,).
        order: what the rows are sorted by, each (n,), the most important first;
            of equal rows the later one is last.

    Returns:
        One row number per group (g,), by ascending group, as `Table.take` reads it.

    >>> last_of_each(np.array([0, 1, 0]), [np.array([5, 1, 4])]).to_pylist()
    [0, 1]
    """
    rows = np.lexsort([*reversed(order), groups])
    ordered = groups[rows]
    ends = np.append(ordered[1:] != ordered[:-1], np.ones(min(len(rows), 1), np.bool_))
    return int_array(rows[ends])


def microseconds(table: pa.Table, name: str) -> Int64s:
    """Return a column of times as microseconds since 1970: (n,), 0 where missing."""
    return integers(column(table, name))
