"""Tables as relations: filter, join, group and newest-of, over Arrow columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
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
from pipelines.columns.timezones import EPOCH


def known_by(table: pa.Table, as_of: datetime | None) -> pa.Table:
    """Return the rows that were known at a time, that moment included; all without a time."""
    if as_of is None:
        return table
    moment = time_array([(as_of - EPOCH) // timedelta(microseconds=1)])[0]
    return table.filter(pc.less_equal(table.column("known_at"), moment))


def where_in(table: pa.Table, name: str, *values: str) -> pa.Table:
    """Return the rows whose text in a column is one of these.

    Comparing with a Python string would import pandas.
    """
    return table.filter(pc.is_in(table.column(name), value_set=texts(values)))


def newest(rows: pa.Table, by: Sequence[str]) -> pa.Table:
    """Return for each key the row of the last draw of the last series.

    Args:
        rows: of designs or samples, of one job.
        by: the columns of the key.
    """
    order = [integers(column(rows, name)) for name in ("series", "draw_no")]
    return rows.take(last_of_each(group_codes(rows, by), order))


def records(table: pa.Table) -> list[dict[str, Any]]:
    """Return each row by the names of its columns, times in UTC.

    `Table.to_pylist` would import pandas for a time.
    """
    columns = [_values(column(table, name)) for name in table.column_names]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(values: pa.Array) -> list[Any]:
    if not pa.types.is_timestamp(values.type):
        found: list[Any] = values.to_pylist()
        return found
    moments = integers(values.cast(pa.timestamp("us", "UTC"))).tolist()
    return [
        EPOCH + timedelta(microseconds=moment) if is_known else None
        for moment, is_known in zip(moments, booleans(pc.is_valid(values)), strict=True)
    ]


def column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array."""
    return table.column(name).combine_chunks()


def group_codes(table: pa.Table, by: Iterable[str]) -> Int64s:
    """Number the distinct keys of the rows: (n,), from 0, nulls equal to each other."""
    found = np.zeros(table.num_rows, dtype=np.int64)
    for name in by:
        codes, values = dictionary_codes(column(table, name))
        _, found = np.unique(found * (len(values) + 1) + codes + 1, return_inverse=True)
    return found


def places(rows: pa.Table, among: pa.Table, by: Sequence[str]) -> Int64s:
    """Return where each row's key stands in another table: (n,), -1 where it does not.

    Args:
        rows: what is looked up.
        among: where, with at most one row per key.
        by: the columns of the key, in both.
    """
    codes = group_codes(pa.concat_tables([rows.select(by), among.select(by)]), by)
    found = np.full(len(codes) + 1, -1, dtype=np.int64)
    found[codes[rows.num_rows :]] = np.arange(among.num_rows)
    return found[codes[: rows.num_rows]]


def last_of_each(group: Int64s, order: Sequence[Int64s]) -> pa.Int64Array:
    """Return the row of each group that comes last by `order`, the first key leading."""
    rows = np.lexsort([*reversed(order), group])
    sorted_groups = group[rows]
    ends = np.append(sorted_groups[1:] != sorted_groups[:-1], np.ones(min(len(rows), 1), np.bool_))
    return int_array(rows[ends])


def microseconds(table: pa.Table, name: str) -> Int64s:
    """Return a column of times as microseconds, 0 where missing: (n,)."""
    return integers(column(table, name))
