"""Raw columns of a file as columns of one type; values that cannot be used are marked as faults.

Raw columns have whatever type the file gives them (CSV: text). A column of the
wrong family of types is an error for the whole file; a wrong value costs its row.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    dictionary_codes,
    float_array,
    floats,
    is_text,
    missing,
)
from pipelines.columns.spelling import canonical_text
from pipelines.columns.utf8 import broken, readable
from pipelines.errors import SchemaMismatch
from pipelines.formats.file_rules import NOT_AVAILABLE
from pipelines.input.batches import local_micros
from pipelines.input.faults import Faults


def checked_text(column: pa.Array, name: str, faults: Faults) -> pa.Array:
    """Replace text that is no UTF-8 by null, and mark its rows.

    Args:
        column: text or anything else (n,).
        name: the name of the column, for the faults.
        faults: takes the rows.

    Returns:
        The column (n,), the same one where all of it is readable.
    """
    unread = broken(column)
    if unread is None:
        return column
    faults.mark(unread, "invalid_utf8", name)
    return readable(column)


def numbers(column: pa.Array, name: str, faults: Faults) -> pa.DoubleArray:
    """Convert a column to float64; text, which CSV has for everything, is parsed.

    Args:
        column: raw (n,).
        name: the name of the column, for faults and errors.
        faults: takes the rows whose text is no number.

    Returns:
        The numbers (n,); null or NaN where a value is missing.

    Raises:
        SchemaMismatch: its type has nothing to do with numbers.
    """
    if kinds.is_float64(column.type):
        return column
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_text(kind):
        return _numbers_in_text(column, name, faults)
    if is_plain(kind):
        return float_array(floats(column), missing(column))
    raise mismatch(name, kind, "a number")


def category(column: pa.Array, name: str, faults: Faults) -> pa.DictionaryArray:
    """Convert a column to dictionary-coded canonical text.

    Args:
        column: raw (n,).
        name: the name of the column, for faults and errors.
        faults: takes the rows whose text is no UTF-8.

    Returns:
        The coded texts (n,), null where a value is missing.

    Raises:
        SchemaMismatch: its type cannot be spelled.
    """
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_clock(kind):
        column = column.cast(pa.string())
    elif kinds.is_nested(kind) or not (is_text(kind) or is_plain(kind)):
        raise mismatch(name, kind, "a category (text, whole numbers or true/false)")
    column = checked_text(column, name, faults)
    if not kinds.is_dictionary(column.type):
        column = (column if is_text(column.type) else canonical_text(column)).dictionary_encode()
    return pa.DictionaryArray.from_arrays(column.indices, canonical_text(column.dictionary))


def dates(column: pa.Array, name: str, timezone: str, faults: Faults) -> pa.Array:
    """Convert a column to wall-clock time in a timezone, without a zone.

    Args:
        column: raw (n,).
        name: the name of the column, for faults and errors.
        timezone: where the days of dates begin.
        faults: takes the rows whose text is no time.

    Returns:
        The times (n,), null where a value is missing.

    Raises:
        SchemaMismatch: the column holds neither times nor text.
    """
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if not (
        kinds.is_timestamp(kind)
        or kinds.is_date(kind)
        or kinds.is_string(kind)
        or kinds.is_large_string(kind)
    ):
        raise mismatch(name, kind, "a time")
    micros = local_micros(column, timezone)
    gaps = micros == np.iinfo(np.int64).min
    given = missing(column)
    faults.mark(gaps if given is None else gaps & ~given, "not_a_time", name)
    buffer = pa.py_buffer(np.where(gaps, 0, micros))
    bitmap = pa.py_buffer(np.packbits(~gaps, bitorder="little")) if gaps.any() else None
    return pa.Array.from_buffers(pa.timestamp("us"), len(micros), [bitmap, buffer])


def as_text(column: pa.Array, name: str, what: str) -> pa.Array:
    """Convert a column of text, dictionary-coded or not, to plain text.

    Args:
        column: raw (n,).
        name: the name of the column, for errors.
        what: what the job file says that the column holds, for errors.

    Returns:
        The texts (n,).

    Raises:
        SchemaMismatch: the column holds no text.
    """
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kinds.is_string(column.type):
        return column
    if (
        kinds.is_large_string(column.type)
        or kinds.is_string_view(column.type)
        or kinds.is_null(column.type)
    ):
        return column.cast(pa.string())
    raise mismatch(name, column.type, what)


def pictures(column: pa.Array, name: str) -> pa.Array:
    """Convert a column of pictures to plain bytes; of 2 GB or more, to `large_binary`.

    Raises:
        SchemaMismatch: the column holds no bytes.
    """
    if not is_binary(column.type):
        raise mismatch(name, column.type, "a picture (bytes, or the path of a file)")
    try:
        return column.cast(pa.binary())
    except pa.ArrowInvalid:  # more bytes than its offsets can count
        return column


def is_clock(kind: pa.DataType) -> bool:
    """Tell whether values are days, times of a day, or both."""
    return bool(kinds.is_timestamp(kind) or kinds.is_date(kind) or kinds.is_time(kind))


def is_plain(kind: pa.DataType) -> bool:
    """Tell whether values are numbers, booleans, or all null."""
    holds = (kinds.is_integer, kinds.is_floating, kinds.is_decimal, kinds.is_boolean, kinds.is_null)
    return any(one(kind) for one in holds)


def is_binary(kind: pa.DataType) -> bool:
    """Tell whether values are bytes, or all null."""
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_null(kind))


def _numbers_in_text(column: pa.Array, name: str, faults: Faults) -> pa.DoubleArray:
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        codes, words = dictionary_codes(readable(column))
    parsed = [_float(word) for word in words]
    strange = np.array([*(value is None for value in parsed), False])  # the last: null
    faults.mark(strange[codes], "not_a_number", name)
    values = [np.nan if value is None else value for value in parsed]
    return float_array(np.array([*values, np.nan])[codes])


def _float(text: str) -> float | None:
    """Parse a number: NaN for a word that means missing, None for anything else."""
    if text.strip().lower() in NOT_AVAILABLE:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return None


def mismatch(name: str, kind: pa.DataType, wanted: str) -> SchemaMismatch:
    """Make the error of a column whose type is not what the job file says.

    Args:
        name: of the column.
        kind: its type in the file.
        wanted: what the job file says that it holds, with an article.

    Returns:
        The error, to be raised.
    """
    return SchemaMismatch(
        f"column {name!r} holds {kind}, the job file says it is {wanted}",
        fix="deliver it as before, or change its kind in features.columns and fit again",
    )
