"""A mapped batch: columns of numbers as they were made, and the matrix that they stand for.

Codes stand for one-hot columns and are expanded only for those who need the
whole matrix: an evaluator of plain arrays reads a weight per code instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from pipelines.columns.buffers import Floats, Int32s, Int64s


@dataclass(frozen=True, slots=True)
class Numbers:
    """One column of the matrix: values (n,)."""

    name: str
    values: Floats

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return 1


@dataclass(frozen=True, slots=True)
class OneHot:
    """`size` one-hot columns: codes (n,), each in [0, size)."""

    name: str
    codes: Int32s
    size: int

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return self.size


@dataclass(frozen=True, slots=True)
class Sparse:
    """`size` columns, mostly 0: compressed rows, as in scipy.

    Row i has `values[indptr[i]:indptr[i + 1]]` in the columns
    `indices[indptr[i]:indptr[i + 1]]`, which ascend.
    """

    name: str
    indptr: Int64s
    indices: Int32s
    values: Floats
    size: int

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return self.size


@dataclass(frozen=True, slots=True)
class Dense:
    """A block of columns: values (n, k)."""

    name: str
    values: Floats

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return int(self.values.shape[1])


Column = Numbers | OneHot | Sparse | Dense


@dataclass(frozen=True, slots=True)
class Mapped:
    """A batch of `rows` rows as the columns of its matrix, in the order of the spec."""

    rows: int
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(column.width for column in self.columns)

    @property
    def is_sparse(self) -> bool:
        """Whether the matrix is better kept as compressed rows."""
        return any(isinstance(column, Sparse) for column in self.columns)


def matrix(mapped: Mapped) -> Floats:
    """The whole matrix (n, width), one-hot columns and zeros written out.

    >>> matrix(Mapped(2, (OneHot("k", np.array([1, 0], np.int32), 2),)))
    array([[0., 1.],
           [1., 0.]])
    """
    whole = np.zeros((mapped.rows, mapped.width))
    for start, column in _placed(mapped):
        match column:
            case Numbers():
                whole[:, start] = column.values
            case OneHot():
                whole[np.arange(mapped.rows), start + column.codes] = 1.0
            case Sparse():
                whole[_row_of_each(column.indptr), start + column.indices] = column.values
            case Dense():
                whole[:, start : start + column.width] = column.values
    return whole


def sparse_parts(mapped: Mapped) -> tuple[Int64s, Int32s, Floats, int]:
    """The whole matrix as compressed rows.

    Returns:
        Row bounds (n + 1,), column indices and values (entries,), and the
        width: what `scipy.sparse.csr_array((values, indices, indptr))` takes.
        Numbers and pixels are entries even where they are 0.
    """
    counts = sum((_entries(column) for column in mapped.columns), np.zeros(mapped.rows, np.int64))
    indptr = np.concatenate([[0], np.cumsum(counts)])
    indices, values = np.zeros(indptr[-1], np.int32), np.zeros(indptr[-1])
    free = indptr[:-1].copy()  # the next free entry of each row
    for start, column in _placed(mapped):
        places, within, entries = _compressed(column, free)
        indices[places], values[places] = start + within, entries
        free += _entries(column)
    return indptr, indices, values, mapped.width


def taken(mapped: Mapped, rows: Int64s) -> Mapped:
    """The given rows (k,), in that order."""
    return Mapped(len(rows), tuple(_taken(column, rows) for column in mapped.columns))


def concatenated(parts: Sequence[Mapped]) -> Mapped:
    """The rows of all parts, one after the other; at least one part."""
    columns = zip(*(part.columns for part in parts), strict=True)
    return Mapped(sum(part.rows for part in parts), tuple(_joined(same) for same in columns))


def _placed(mapped: Mapped) -> list[tuple[int, Column]]:
    """Each column with the first column of the matrix that is its own."""
    starts = accumulate((column.width for column in mapped.columns), initial=0)
    return list(zip(starts, mapped.columns, strict=False))


def _row_of_each(indptr: Int64s) -> Int64s:
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def _entries(column: Column) -> Int64s | int:
    return np.diff(column.indptr) if isinstance(column, Sparse) else _least_width(column)


def _least_width(column: Column) -> int:
    return 1 if isinstance(column, OneHot) else column.width


def _compressed(column: Column, free: Int64s) -> tuple[Int64s, Int64s | Int32s, Floats]:
    """Where a column's entries go, in which of its columns they lie, and the entries."""
    match column:
        case Numbers():
            return free, np.zeros(len(free), np.int64), column.values
        case OneHot():
            return free, column.codes, np.ones(len(free))
        case Sparse():
            shift = np.repeat(free - column.indptr[:-1], np.diff(column.indptr))
            return shift + np.arange(len(shift)), column.indices, column.values
        case Dense():
            within = np.arange(column.width)
            places = (free[:, None] + within).ravel()
            return places, np.tile(within, len(free)), column.values.ravel()


def _taken(column: Column, rows: Int64s) -> Column:
    match column:
        case Numbers():
            return Numbers(column.name, column.values[rows])
        case OneHot():
            return OneHot(column.name, column.codes[rows], column.size)
        case Dense():
            return Dense(column.name, column.values[rows])
        case Sparse():
            counts = np.diff(column.indptr)[rows]
            indptr = np.concatenate([[0], np.cumsum(counts)])
            shift = np.repeat(column.indptr[:-1][rows] - indptr[:-1], counts)
            kept = shift + np.arange(len(shift))
            return Sparse(
                column.name, indptr, column.indices[kept], column.values[kept], column.size
            )


def _joined(parts: Sequence[Column]) -> Column:
    first = parts[0]
    if isinstance(first, Sparse):
        return _joined_sparse([part for part in parts if isinstance(part, Sparse)])
    if isinstance(first, OneHot):
        codes = [part.codes for part in parts if isinstance(part, OneHot)]
        return OneHot(first.name, np.concatenate(codes), first.size)
    values = [part.values for part in parts if isinstance(part, Numbers | Dense)]
    return type(first)(first.name, np.concatenate(values))


def _joined_sparse(parts: Sequence[Sparse]) -> Sparse:
    counts = np.concatenate([np.diff(part.indptr) for part in parts])
    return Sparse(
        parts[0].name,
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([part.indices for part in parts]),
        np.concatenate([part.values for part in parts]),
        parts[0].size,
    )
