"""Arrow columns as numpy arrays and back, without pandas and mostly without copies.

The obvious calls (`Array.to_numpy`, `np.asarray(column)`, `pa.array(values)`)
import pandas wherever it is installed, which alone costs more than a second of
a cold start. The functions here read and wrap the buffers themselves.

Arrays that share an Arrow buffer are read-only. A mask is True where a value
is missing, as in numpy and pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as kinds

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Indices = npt.NDArray[np.intp]  # positions in an array, as numpy returns them
Words = npt.NDArray[np.uint64]  # 64 bits without a sign
Hashes = Words
"""128-bit hashes (n, 2), high and low 64 bits; where (n,) is said, the high ones alone.

Ascending rows are ascending hexadecimal text."""

N = TypeVar("N", bound=np.generic)

_TEXT_LIMIT = 2**31 - 1  # bytes that the 32-bit offsets of one text array can reach


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is text, in any of Arrow's layouts."""
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def without_views(column: pa.Array) -> pa.Array:
    """Return the column in a layout that this module reads: views of text or bytes are copied.

    A type that somebody built upon another (such as a UUID, of 16 bytes) is read as that one.

    >>> without_views(pa.array(["a"], pa.string_view())).type
    DataType(string)
    """
    if isinstance(column, pa.ExtensionArray):
        return without_views(column.storage)
    if kinds.is_string_view(column.type):
        return column.cast(pa.string())
    return column.cast(pa.binary()) if kinds.is_binary_view(column.type) else column


def missing(column: pa.Array) -> Bools | None:
    """Return where the column is null: (n,), or None if it is nowhere.

    >>> missing(texts(["a", None])).tolist()
    [False, True]
    """
    if column.null_count == 0:
        return None
    bitmap = column.buffers()[0]
    if bitmap is None:  # the null type keeps no bitmap
        return np.ones(len(column), dtype=np.bool_)
    return ~_bits(bitmap, column.offset, len(column))


def with_filled(values: npt.NDArray[N], gaps: Bools, fill: float) -> npt.NDArray[N]:
    """Return a copy of the values with `fill` in the gaps.

    Args:
        values: (n,).
        gaps: where a value is missing (n,).
        fill: what stands there instead.

    Returns:
        A new array (n,) of the same type.

    >>> with_filled(np.array([1.0, 2.0]), np.array([True, False]), 0.5).tolist()
    [0.5, 2.0]
    """
    filled = values.copy()
    np.copyto(filled, fill, where=gaps)  # twice as fast as np.where
    return filled


def floats(column: pa.Array) -> Floats:
    """Return the numbers of a column: (n,), NaN where null.

    Integers beyond 2**53 are rounded to the nearest float.
    """
    values, gaps = stored_floats(column), missing(column)
    return values if gaps is None else with_filled(values, gaps, np.nan)


def stored_floats(column: pa.Array) -> Floats:
    """Return what `floats` does, but without a copy: below a null stands any number."""
    if not kinds.is_float64(column.type):
        column = _plain(column).cast(pa.float64(), safe=False)
    return _fixed(column, np.float64)


def integers(column: pa.Array) -> Int64s:
    """Return the integers of a column: (n,), 0 where null; times and dates as they are stored.

    >>> integers(int_array(np.array([5, 6]))).tolist()
    [5, 6]
    """
    column = _plain(column)
    if kinds.is_temporal(column.type):
        column = column.view(pa.int64() if column.type.bit_width == 64 else pa.int32())
    if not kinds.is_int64(column.type):
        column = column.cast(pa.int64())
    values: Int64s = _fixed(column, np.int64)
    gaps = missing(column)
    return values if gaps is None else with_filled(values, gaps, 0)


def booleans(column: pa.Array) -> Bools:
    """Return the truth values of a column: (n,), False where null."""
    values = _bits(column.buffers()[1], column.offset, len(column))
    gaps = missing(column)
    return values if gaps is None else values & ~gaps


def dictionary_codes(column: pa.Array) -> tuple[Int32s, list[str]]:
    """Return a text column as codes into its distinct values.

    Args:
        column: text, or a dictionary of text.

    Returns:
        The codes (n,), -1 where null, and the values they point to, without
        repeats. A dictionary may hold values that no row uses.
    """
    if not kinds.is_dictionary(column.type):
        column = column.dictionary_encode()
    return _distinct(positions(column.indices), column.dictionary.to_pylist())


def positions(column: pa.Array) -> Int32s:
    """Return the integers of a column of indices: (n,), -1 where null.

    >>> positions(int_array([2, 0], np.array([False, True]))).tolist()
    [2, -1]
    """
    if not kinds.is_int32(column.type):
        column = column.cast(pa.int32())
    values: Int32s = _fixed(column, np.int32)
    gaps = missing(column)
    return values if gaps is None else with_filled(values, gaps, -1)


def byte_view(column: pa.Array) -> tuple[Int64s, Bytes]:
    """Return the bytes of a text or binary column, without a copy.

    Returns:
        Offsets (n + 1,) and data: row i is `data[offsets[i]:offsets[i + 1]]`.
        The first offset need not be 0, and below a null stand any bytes:
        `missing` says where.
    """
    column = _plain(column)
    if kinds.is_fixed_size_binary(column.type):
        column = column.cast(pa.binary())
    wide = kinds.is_large_string(column.type) or kinds.is_large_binary(column.type)
    if not (wide or kinds.is_string(column.type) or kinds.is_binary(column.type)):
        raise TypeError(f"byte_view reads text and binary columns, not {column.type}")
    _, bounds, content = column.buffers()
    if len(column) == 0 or bounds is None:
        return np.zeros(len(column) + 1, dtype=np.int64), np.zeros(0, dtype=np.uint8)
    kind = np.int64 if wide else np.int32
    offsets = np.frombuffer(bounds, kind, column.offset + len(column) + 1)[column.offset :]
    data = np.zeros(0, np.uint8) if content is None else np.frombuffer(content, np.uint8)
    return offsets.astype(np.int64, copy=False), data


def text_array(offsets: Int64s, data: Bytes, mask: Bools | None = None) -> pa.StringArray:
    """Make a text column from UTF-8 bytes.

    Args:
        offsets: (n + 1,), ascending.
        data: the bytes; row i is `data[offsets[i]:offsets[i + 1]]`.
        mask: where the text is null (n,); None for nowhere.

    Returns:
        The column (n,). Its data buffer is `data`, not a copy.

    Raises:
        OverflowError: more than 2 GiB of text; make several arrays.

    >>> text_array(np.array([0, 1, 3]), np.frombuffer(b"abc", np.uint8)).to_pylist()
    ['a', 'bc']
    """
    if offsets[-1] > _TEXT_LIMIT:
        raise OverflowError("one text array holds at most 2 GiB; make several")
    parts = [_bitmap(mask), _buffer(offsets, np.int32), _buffer(data, np.uint8)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, parts)


def texts(values: Iterable[str | None]) -> pa.StringArray:
    """Make a text column from Python strings; half a character, which no column can hold, is a `?`.

    >>> texts(["a", None, "é"]).to_pylist()
    ['a', None, 'é']
    """
    words = list(values)
    encoded = [b"" if word is None else word.encode(errors="replace") for word in words]
    offsets = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum([len(word) for word in encoded], out=offsets[1:])
    gaps = np.array([word is None for word in words], dtype=np.bool_)
    return text_array(offsets, np.frombuffer(b"".join(encoded), np.uint8), gaps)


def float_array(values: npt.ArrayLike, mask: Bools | None = None) -> pa.DoubleArray:
    """Make a column of floats (n,)."""
    return _numbers(pa.float64(), values, np.float64, mask)


def int_array(values: npt.ArrayLike, mask: Bools | None = None) -> pa.Int64Array:
    """Make a column of 64-bit integers (n,)."""
    return _numbers(pa.int64(), values, np.int64, mask)


def time_array(micros: npt.ArrayLike, mask: Bools | None = None) -> pa.TimestampArray:
    """Make a column of UTC times (n,) from microseconds since 1970."""
    return _numbers(pa.timestamp("us", tz="UTC"), micros, np.int64, mask)


def bool_array(values: npt.ArrayLike, mask: Bools | None = None) -> pa.BooleanArray:
    """Make a column of truth values (n,)."""
    truths = np.asarray(values, dtype=np.bool_)
    bits = pa.py_buffer(np.packbits(truths, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(truths), [_bitmap(mask), bits])


def coded_texts(codes: npt.ArrayLike, values: Iterable[str]) -> pa.DictionaryArray:
    """Make a dictionary column: row i is `values[codes[i]]`, null where the code is -1.

    >>> coded_texts([1, -1, 0], ["a", "b"]).to_pylist()
    ['b', None, 'a']
    """
    points = np.asarray(codes, dtype=np.int32)
    gaps = points < 0
    indices = _numbers(pa.int32(), np.where(gaps, 0, points), np.int32, gaps)
    return pa.DictionaryArray.from_arrays(indices, texts(values))


def _numbers(
    kind: pa.DataType, values: npt.ArrayLike, dtype: npt.DTypeLike, mask: Bools | None
) -> pa.Array:
    numbers = np.asarray(values)
    return pa.Array.from_buffers(kind, len(numbers), [_bitmap(mask), _buffer(numbers, dtype)])


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if kinds.is_dictionary(column.type) else column


def _fixed(column: pa.Array, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return the value buffer of a column of fixed width, cut to its slice."""
    content = column.buffers()[1]
    if len(column) == 0 or content is None:
        return np.zeros(len(column), dtype)
    return np.frombuffer(content, dtype, column.offset + len(column))[column.offset :]


def _bits(bitmap: pa.Buffer, start: int, count: int) -> Bools:
    if count == 0:
        return np.zeros(0, dtype=np.bool_)
    first = start // 8
    packed = np.frombuffer(bitmap, np.uint8)[first : (start + count + 7) // 8]
    skip = start - 8 * first
    return np.unpackbits(packed, bitorder="little")[skip : skip + count].view(np.bool_)


def _bitmap(mask: Bools | None) -> pa.Buffer | None:
    if mask is None or not mask.any():
        return None
    return pa.py_buffer(np.packbits(~mask, bitorder="little"))


def _buffer(values: npt.ArrayLike, dtype: npt.DTypeLike) -> pa.Buffer:
    return pa.py_buffer(np.ascontiguousarray(values, dtype=dtype))


def _distinct(codes: Int32s, values: list[Any]) -> tuple[Int32s, list[str]]:
    """Drop nulls and repeats, which Arrow allows inside a dictionary."""
    kept = [value for value in dict.fromkeys(values) if value is not None]
    if len(kept) == len(values):
        return codes, kept
    code_of = {value: code for code, value in enumerate(kept)}
    new = np.array([code_of.get(value, -1) for value in values] + [-1], dtype=np.int32)
    return new[codes], kept  # code -1 reads the last entry
