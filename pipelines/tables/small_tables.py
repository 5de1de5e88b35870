"""Arrow tables from a few rows that are held as mappings, without pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import bool_array, float_array, int_array, texts, time_array
from pipelines.columns.utc_times import micros_of

TIME = pa.timestamp("us", tz="UTC")
TEXT_MAP = pa.map_(pa.string(), pa.string())
NUMBER_MAP = pa.map_(pa.string(), pa.float64())


def table_of(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make a table from a few rows held as mappings; a column that a row lacks is null.

    `pa.Table.from_pylist` would import pandas, which takes 0.2 seconds.
    """
    columns = [_column(field.type, [row.get(field.name) for row in rows]) for field in schema]
    return pa.table(columns, schema=schema)


def text_maps(rows: Sequence[Mapping[str, str] | None]) -> pa.MapArray:
    """Make a column of maps from text to text, one map per row; None makes an empty map."""
    filled = [row or {} for row in rows]
    offsets = np.zeros(len(filled) + 1, dtype=np.int32)
    np.cumsum([len(row) for row in filled], out=offsets[1:])
    keys = texts([key for row in filled for key in row])
    items = texts([value for row in filled for value in row.values()])
    return pa.MapArray.from_arrays(_plain_int32(offsets), keys, items)


def number_maps(
    rows: Sequence[Mapping[str, float] | Iterable[tuple[str, float]] | None],
) -> pa.MapArray:
    """Make a column of maps from text to numbers, one map per row; None is null.

    A row may also be a list of pairs, as Arrow returns maps.
    """
    filled = [dict(row or ()) for row in rows]
    offsets = np.zeros(len(filled) + 1, dtype=np.int32)
    np.cumsum([len(row) for row in filled], out=offsets[1:])
    keys = texts([key for row in filled for key in row])
    items = float_array([value for row in filled for value in row.values()])
    gaps = np.array([row is None for row in rows], dtype=np.bool_)
    mask = bool_array(gaps) if gaps.any() else None
    return pa.MapArray.from_arrays(_plain_int32(offsets), keys, items, mask=mask)


def _column(kind: pa.DataType, values: list[Any]) -> pa.Array:
    if kind == TEXT_MAP:
        return text_maps(values)
    if kind == NUMBER_MAP:
        return number_maps(values)
    if kind == pa.string():
        return texts(values)
    gaps = np.array([value is None for value in values], dtype=np.bool_)
    convert: Callable[[Any], Any] = micros_of if kind == TIME else (lambda value: value)
    filled = [0 if value is None else convert(value) for value in values]
    if kind == TIME:
        return time_array(filled, gaps)
    return float_array(filled, gaps) if kind == pa.float64() else int_array(filled, gaps).cast(kind)


def _plain_int32(values: np.ndarray[Any, np.dtype[np.int32]]) -> pa.Int32Array:
    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)])
