"""Mapped rows as the matrices that scikit-learn reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy.sparse

from pipelines.features.mapped import Mapped, matrix, sparse_parts

Matrix: TypeAlias = "np.ndarray | scipy.sparse.csr_matrix"


def matrix_of(mapped: Mapped) -> Matrix:
    """One fragment: float64 (n, width), dense in row order or compressed by row."""
    if not mapped.is_sparse:
        return matrix(mapped)
    indptr, indices, data, width = sparse_parts(mapped)
    return scipy.sparse.csr_matrix((data, indices, indptr), shape=(mapped.rows, width))


def stacked(parts: Sequence[Mapped]) -> Matrix:
    """Consecutive fragments as one matrix; needs little more memory than the result."""
    if parts[0].is_sparse:
        return scipy.sparse.vstack([matrix_of(part) for part in parts], format="csr")
    whole = np.empty((sum(part.rows for part in parts), parts[0].width))
    start = 0
    for part in parts:
        whole[start : start + part.rows] = matrix(part)
        start += part.rows
    return whole


def within(values: Matrix, limit: float) -> np.ndarray:
    """Which rows hold only numbers between -limit and limit, no NaN: bool (n,)."""
    if not isinstance(values, np.ndarray):
        inside = np.abs(values.data) <= limit
        if inside.all():
            return np.ones(values.shape[0], dtype=np.bool_)
        owners = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
        return np.bincount(owners[~inside], minlength=values.shape[0]) == 0
    # A pass without a copy: a NaN fails the comparison, as it must.
    with np.errstate(invalid="ignore"):
        return (values.max(axis=1) <= limit) & (values.min(axis=1) >= -limit)
