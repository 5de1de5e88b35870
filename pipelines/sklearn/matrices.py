"""Mapped rows as the matrices that scikit-learn reads, and rows taken out of them or joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeAlias

import numpy as np
import scipy.sparse

from pipelines.columns.buffers import Bools, Floats, Int64s
from pipelines.features.mapped import Column, Dense, Mapped, Numbers, OneHot, Sparse

Matrix: TypeAlias = "np.ndarray | scipy.sparse.csr_matrix"


def matrix_of(mapped: Mapped) -> Matrix:
    """Return one fragment: float64 (n, width), dense in row order or compressed by row."""
    return compressed_matrix(mapped) if mapped.is_sparse else dense_matrix(mapped)


def stacked(parts: Sequence[Mapped]) -> Matrix:
    """Return consecutive fragments as one matrix, in little more memory than the result."""
    if parts[0].is_sparse:
        return scipy.sparse.vstack([compressed_matrix(part) for part in parts], format="csr")
    whole = np.empty((sum(part.rows for part in parts), parts[0].width))
    start = 0
    for part in parts:
        whole[start : start + part.rows] = dense_matrix(part)
        start += part.rows
    return whole


def dense_matrix(mapped: Mapped) -> Floats:
    """Return the whole matrix (n, width), with one-hot columns and zeros written out.

    >>> dense_matrix(Mapped(2, (OneHot("k", np.array([1, 0], np.int32), 2),)))
    array([[0., 1.],
           [1., 0.]])
    """
    whole = np.zeros((mapped.rows, mapped.width))
    starts = accumulate((column.width for column in mapped.columns), initial=0)
    for start, column in zip(starts, mapped.columns, strict=False):
        match column:
            case Numbers():
                whole[:, start] = column.values
            case OneHot():
                whole[np.arange(mapped.rows), start + column.codes] = 1.0
            case Sparse():
                whole[:, start : start + column.width] = _compressed(column).toarray()
            case Dense():
                whole[:, start : start + column.width] = column.values
    return whole


def compressed_matrix(mapped: Mapped) -> scipy.sparse.csr_matrix:
    """Return the whole matrix as compressed rows, whose columns ascend.

    Numbers and pixels are entries even where they are 0.
    """
    return scipy.sparse.hstack([_compressed(column) for column in mapped.columns], format="csr")


def _compressed(column: Column) -> scipy.sparse.csr_matrix:
    """Return one mapped column as compressed rows: (n, width)."""
    match column:
        case Numbers():
            return _filled(column.values[:, np.newaxis])
        case Dense():
            return _filled(column.values)
        case OneHot():
            rows = len(column.codes)
            ones = (np.ones(rows), column.codes, np.arange(rows + 1))
            return scipy.sparse.csr_matrix(ones, shape=(rows, column.size))
        case Sparse():
            entries = (column.values, column.indices, column.indptr)
            return scipy.sparse.csr_matrix(entries, shape=(len(column.indptr) - 1, column.size))


def _filled(values: Floats) -> scipy.sparse.csr_matrix:
    """Return values (n, k) as compressed rows of k entries each, zeros among them."""
    rows, width = values.shape
    entries = (values.ravel(), np.tile(np.arange(width), rows), np.arange(rows + 1) * width)
    return scipy.sparse.csr_matrix(entries, shape=values.shape)


def within(values: Matrix, limit: float) -> Bools:
    """Return which rows hold only numbers between -limit and limit, and no NaN: (n,)."""
    if not isinstance(values, np.ndarray):
        inside = np.abs(values.data) <= limit
        if inside.all():
            return np.ones(values.shape[0], dtype=np.bool_)
        owners = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
        return np.bincount(owners[~inside], minlength=values.shape[0]) == 0
    # A pass without a copy: a NaN fails the comparison, as it must.
    with np.errstate(invalid="ignore"):
        return (values.max(axis=1) <= limit) & (values.min(axis=1) >= -limit)


def taken(mapped: Mapped, rows: Int64s) -> Mapped:
    """Return these rows (k,) of a mapped batch, in this order."""
    return Mapped(len(rows), tuple(_taken(column, rows) for column in mapped.columns))


def concatenated(parts: Sequence[Mapped]) -> Mapped:
    """Return the rows of all parts, one after the other; at least one part."""
    columns = zip(*(part.columns for part in parts), strict=True)
    return Mapped(sum(part.rows for part in parts), tuple(_joined(same) for same in columns))


def _taken(column: Column, rows: Int64s) -> Column:
    match column:
        case OneHot():
            return replace(column, codes=column.codes[rows])
        case Sparse():
            return _as_sparse(column.name, _compressed(column)[rows])
        case Numbers() | Dense():
            return replace(column, values=column.values[rows])


def _joined(parts: Sequence[Column]) -> Column:
    first = parts[0]
    match first:
        case OneHot():
            codes = [part.codes for part in parts if isinstance(part, OneHot)]
            return replace(first, codes=np.concatenate(codes))
        case Sparse():
            rows = scipy.sparse.vstack([_compressed(part) for part in parts], format="csr")
            return _as_sparse(first.name, rows)
        case Numbers() | Dense():
            values = [part.values for part in parts if isinstance(part, Numbers | Dense)]
            return replace(first, values=np.concatenate(values))


def _as_sparse(name: str, rows: scipy.sparse.csr_matrix) -> Sparse:
    indptr, indices = rows.indptr.astype(np.int64), rows.indices.astype(np.int32)
    return Sparse(name, indptr, indices, rows.data, rows.shape[1])
