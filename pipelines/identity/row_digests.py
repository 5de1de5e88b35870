"""Order-free digests of sets of rows, to tell whether two sets are the same.

1. Each value becomes a 64-bit word.
2. Each row becomes two sums: its words times odd numbers that derive from the
   names of the columns.
3. Each sum goes through a non-linear finalizer; both are the digest of the row.
4. The digest of a set is the number of rows, and the sum of their digests
   modulo 2**128.

Without the finalizer, two rows could swap their values in one column and the
digest of the set would stay the same.

The digest detects accidental changes (a value edited, a row added, columns
swapped). It does not withstand a person who computes a collision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import Bools, Floats, Words, booleans, floats, integers, missing
from pipelines.errors import SchemaMismatch
from pipelines.identity.keyed_hash import hashes, subkey

_Reader = Callable[[pa.Array], Floats | Words]

_BLOCK = 8192  # rows at once, so that the words stay in the processor's cache
_NULL = np.uint64(0x9E3779B97F4A7C15)  # the word of a missing value
_NAN = np.uint64(0x7FF8000000000000)  # the word of any NaN
_TEXT_KEY = subkey("row digest", "text")
_PART = 2**25  # bytes of values that are hashed at once
_PROBE = 1024  # first rows of a column, from which to guess whether its values repeat
_FMIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of a multiset of rows: their number, and the sum of their digests.

    >>> rows = np.array([[1, 2], [3, 4]], dtype=np.uint64)
    >>> a, b = Digest().add(rows[:1]), Digest().add(rows[1:])
    >>> a.merge(b) == b.merge(a) == Digest().add(rows)
    True
    """

    count: int = 0
    total: int = 0  # modulo 2**128

    def add(self, digests: Words) -> Digest:
        """Return the digest of this set with n more rows: row digests or prediction ids (n, 2)."""
        total = (_sum(digests[:, 0]) << 64) + _sum(digests[:, 1])
        return self.merge(Digest(len(digests), total))

    def merge(self, other: Digest) -> Digest:
        """Return the digest of both sets together."""
        return Digest(self.count + other.count, (self.total + other.total) % 2**128)

    def exchanged(self, old: int, new: int) -> Digest:
        """Return the digest of this set with one row, of 128 bits, in the place of another."""
        return Digest(self.count, (self.total - old + new) % 2**128)

    @classmethod
    def of_text(cls, text: str) -> Digest:
        """Return the digest that `text` wrote.

        >>> Digest.of_text("2-000000000000000000000000000000ff")
        Digest(count=2, total=255)
        """
        count, _, total = text.partition("-")
        return cls(int(count), int(total, 16))

    @property
    def text(self) -> str:
        """The digest as tables keep it: the number of rows, and the sum in hexadecimal digits.

        >>> Digest(2, 255).text
        '2-000000000000000000000000000000ff'
        """
        return f"{self.count}-{self.total:032x}"


def row_digests(batch: pa.RecordBatch, names: Sequence[str]) -> Words:
    """Return one digest per row over the named columns: (n, 2).

    A dictionary column has the digests of its values. All NaNs are equal, -0.0
    equals 0.0, and a null differs from every value. The order of the names does
    not matter.

    Raises:
        SchemaMismatch: a column holds lists, structs or maps.
    """
    columns = [_Column.of(name, batch.column(name)) for name in sorted(set(names))]
    lanes = np.empty((2, batch.num_rows), dtype=np.uint64)
    scratch = np.empty((2, min(_BLOCK, batch.num_rows)), dtype=np.uint64)
    for first in range(0, batch.num_rows, _BLOCK):
        block = slice(first, first + _BLOCK)
        _mix(columns, block, lanes[:, block], scratch)
    return np.ascontiguousarray(lanes.T)


def identified(contents: Words, ids: Words) -> Words:
    """Return the digest of each row, from the digest of its content and its identifier: (n, 2).

    The identifier is a hash of the row's key, so the key is not hashed again.
    The mix is not linear, so the digest of a set changes if two of its rows swap
    their contents.
    """
    lanes = np.bitwise_xor(contents, ids)
    _finalize(lanes, np.empty_like(lanes))
    return lanes


@dataclass(frozen=True, slots=True)
class _Column:
    """The values of one column (n,), and the numbers derived from its name and kind."""

    values: Floats | Words
    gaps: Bools | None  # (n,), where a value is missing; None if none is
    start: Words  # (2, 1), added to every row, so that a column of zeros differs from no column
    factor: Words  # (2,), odd, one per sum

    @classmethod
    def of(cls, name: str, column: pa.Array) -> _Column:
        kind, values = _content(name, column)
        drawn = b"".join(subkey("row digest", name, kind, lane) for lane in "01")
        numbers = np.frombuffer(drawn, dtype="<u8").astype(np.uint64)
        return cls(values, _gaps(column), numbers[::2, None], numbers[1::2] | np.uint64(1))


def _mix(columns: Sequence[_Column], block: slice, lanes: Words, scratch: Words) -> None:
    """Write the digests of one block of rows into `lanes` (2, rows), one half in each lane."""
    word, product = scratch[:, : lanes.shape[1]]
    lanes[:] = sum((column.start for column in columns), np.zeros((2, 1), np.uint64))
    for column in columns:
        _load(column, block, word, product)
        for lane, factor in zip(lanes, column.factor, strict=True):
            np.multiply(word, factor, out=product)
            np.add(lane, product, out=lane)
    for lane in lanes:
        _finalize(lane, product)


def _load(column: _Column, block: slice, word: Words, scratch: Words) -> None:
    """Write the words of a column into `word`.

    The high half is folded into the low half, because the low bits of many floats
    are all zero.
    """
    if column.values.dtype == np.float64:
        numbers = word.view(np.float64)
        np.add(column.values[block], 0.0, out=numbers)  # -0.0 becomes 0.0
        np.copyto(word, _NAN, where=np.isnan(numbers))
    else:
        word[:] = column.values[block]
    if column.gaps is not None:
        np.copyto(word, _NULL, where=column.gaps[block])
    np.right_shift(word, np.uint64(32), out=scratch)
    np.bitwise_xor(word, scratch, out=word)


def _finalize(lane: Words, scratch: Words) -> None:
    """Mix each word in place, so that the sum over rows does not split into sums of the columns' words.

    Source: Appleby, MurmurHash3 (2011), `fmix64`; public domain.
    """
    for factor in _FMIX:
        _fold(lane, scratch)
        np.multiply(lane, factor, out=lane)
    _fold(lane, scratch)


def _fold(lane: Words, scratch: Words) -> None:
    np.right_shift(lane, np.uint64(33), out=scratch)
    np.bitwise_xor(lane, scratch, out=lane)


def _content(name: str, column: pa.Array) -> tuple[str, Floats | Words]:
    """Return the kind of a column's values, and the values as floats or as words: (n,)."""
    if kinds.is_dictionary(column.type):
        kind, values = _content(name, column.dictionary)
        return kind, _take(values, column)
    if kinds.is_temporal(column.type):
        return _clock(column.type), integers(column).view(np.uint64)
    for holds, kind, read in _READERS:
        if holds(column.type):
            return kind, read(column)
    raise SchemaMismatch(
        f"column {name!r} has the type {column.type}, whose values cannot be compared",
        fix="write it as text, bytes, numbers, times or true/false, or leave the column out",
    )


def _take(values: npt.NDArray[Any], column: pa.DictionaryArray) -> npt.NDArray[Any]:
    if len(values) == 0:  # an empty dictionary: every row is null
        return np.zeros(len(column), dtype=values.dtype)
    return values.take(integers(column.indices))


def _clock(kind: pa.DataType) -> str:
    """Return the kind of a time, with its unit; a time zone changes only how a time is displayed."""
    return f"timestamp[{kind.unit}]" if kinds.is_timestamp(kind) else str(kind)


def _whole(column: pa.Array) -> Words:
    signed = column.view(pa.int64()) if kinds.is_uint64(column.type) else column
    return integers(signed).view(np.uint64)


def _written(column: pa.Array) -> Words:
    """Return hashes of text or bytes: (n,); of large values in parts, for Arrow copies what it looks at."""
    if column.nbytes <= _PART or len(column) == 1:
        return _hashed(column)
    half = len(column) // 2
    return np.concatenate([_written(column.slice(0, half)), _written(column.slice(half))])


def _hashed(column: pa.Array) -> Words:
    """Return hashes of text or bytes: (n,), 0 for null. If values seem to repeat, each is hashed once."""
    if len(column) > _PROBE and len(column.slice(0, _PROBE).unique()) <= _PROBE // 4:
        coded = column.dictionary_encode()
        return _take(hashes(_TEXT_KEY, coded.dictionary)[:, 0], coded)
    words = np.zeros(len(column), dtype=np.uint64)
    gaps = missing(column)
    words[slice(None) if gaps is None else ~gaps] = hashes(_TEXT_KEY, column.drop_null())[:, 0]
    return words


_READERS: tuple[tuple[Callable[[pa.DataType], bool], str, _Reader], ...] = (
    (kinds.is_floating, "number", floats),
    (kinds.is_integer, "integer", _whole),
    (kinds.is_boolean, "truth value", lambda column: booleans(column).astype(np.uint64)),
    (kinds.is_null, "nothing", lambda column: np.zeros(len(column), dtype=np.uint64)),
    (kinds.is_string, "text", _written),
    (kinds.is_large_string, "text", _written),
    (kinds.is_binary, "bytes", _written),
    (kinds.is_large_binary, "bytes", _written),
    (kinds.is_decimal, "decimal", lambda column: _written(column.cast(pa.string()))),
)


def _gaps(column: pa.Array) -> Bools | None:
    """Return where a value is missing: its row is null, or its entry in the dictionary is."""
    gaps = missing(column)
    entries = missing(column.dictionary) if kinds.is_dictionary(column.type) else None
    if entries is None:
        return gaps
    unset = entries.take(integers(column.indices))
    return unset if gaps is None else gaps | unset


def _sum(lane: Words) -> int:
    """Return the exact sum of up to 2**32 words, from the sums of their halves."""
    low, high = lane & np.uint64(0xFFFFFFFF), lane >> np.uint64(32)
    return int(low.sum()) + (int(high.sum()) << 32)
