"""Words that mean a missing value, in columns of text."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Bools,
    Indices,
    booleans,
    dictionary_codes,
    int_array,
    is_text,
    texts,
)
from pipelines.columns.utf8 import readable
from pipelines.formats.file_rules import NOT_AVAILABLE


def without_words(column: pa.Array, words: Sequence[str]) -> pa.Array:
    """Replace words by null in a column of text, dictionary-coded or not.

    Args:
        column: text or anything else (n,).
        words: that mean nothing.

    Returns:
        The column (n,), the same one where none of them is in it.

    >>> without_words(texts(["a", "NA"]), ["NA"]).to_pylist()
    ['a', None]
    """
    if not words:
        return column
    if kinds.is_dictionary(column.type):
        indices = column.indices
        bad = _in(indices, np.flatnonzero(_named(column.dictionary, words)))
        gone = pc.if_else(bad, pa.scalar(None, indices.type), indices)
        return pa.DictionaryArray.from_arrays(gone, column.dictionary)
    if not is_text(column.type):
        return column
    bad = pc.is_in(column, value_set=texts(words).cast(column.type))
    return pc.if_else(bad, pa.scalar(None, column.type), column)


def with_available(rows: pa.RecordBatch, columns: Container[str]) -> pa.RecordBatch:
    """Replace words such as `NA` by null in columns of numbers that are written as text.

    Args:
        rows: of a file (n).
        columns: whose values are numbers.

    Returns:
        The rows (n), the same ones where no such column has such a word.
    """
    for place, name in enumerate(rows.schema.names):
        column = rows.column(place)
        if name not in columns or not is_text(_values(column.type)):
            continue
        words = [w for w in _distinct(column) if w and w.strip().lower() in NOT_AVAILABLE]
        if words:
            rows = rows.set_column(place, name, without_words(column, words))
    return rows


def _values(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if kinds.is_dictionary(kind) else kind


def _distinct(column: pa.Array) -> list[str]:
    return dictionary_codes(readable(column))[1]


def _named(values: pa.Array, words: Sequence[str]) -> Bools:
    """Return which values of a dictionary are among the words: (n,)."""
    if not is_text(values.type):
        return np.zeros(len(values), np.bool_)
    return booleans(pc.is_in(values, value_set=texts(words).cast(values.type)))


def _in(codes: pa.Array, places: Indices) -> pa.Array:
    return pc.is_in(codes, value_set=int_array(places).cast(codes.type))
