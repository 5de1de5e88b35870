"""A mapped batch and its matrix, against matrices written out by hand and scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from pipelines.features.mapped import (
    Dense,
    Mapped,
    Numbers,
    OneHot,
    Sparse,
    concatenated,
    matrix,
    sparse_parts,
    taken,
)


def _mapped(rows: int = 40, seed: int = 0) -> Mapped:
    rng = np.random.default_rng(seed)
    table = scipy.sparse.random_array((rows, 9), density=0.2, format="csr", rng=rng)
    table.sort_indices()
    columns = (
        Numbers("x", rng.normal(size=rows)),
        OneHot("k", rng.integers(0, 3, rows).astype(np.int32), 3),
        Sparse("t", table.indptr.astype(np.int64), table.indices.astype(np.int32), table.data, 9),
        Dense("p", rng.random((rows, 4))),
        OneHot("l", rng.integers(0, 2, rows).astype(np.int32), 2),
    )
    return Mapped(rows, columns)


def _scipy(mapped: Mapped) -> np.ndarray:
    values, codes, text, dense, last = mapped.columns
    assert isinstance(values, Numbers)
    assert isinstance(codes, OneHot)
    assert isinstance(text, Sparse)
    assert isinstance(dense, Dense)
    assert isinstance(last, OneHot)
    table = scipy.sparse.csr_array(
        (text.values, text.indices, text.indptr), shape=(mapped.rows, text.size)
    )
    one_hot = [np.eye(one.size)[one.codes] for one in (codes, last)]
    return np.hstack(
        [values.values[:, None], one_hot[0], table.toarray(), dense.values, one_hot[1]]
    )


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_the_matrix_writes_out_every_kind_of_column(rows: int) -> None:
    mapped = _mapped(rows)

    assert mapped.width == 19
    assert np.array_equal(matrix(mapped), _scipy(mapped))


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_compressed_rows_are_the_same_matrix(rows: int) -> None:
    """In each row the columns ascend, as scipy's canonical format wants."""
    mapped = _mapped(rows)

    indptr, indices, values, width = sparse_parts(mapped)

    table = scipy.sparse.csr_array((values, indices, indptr), shape=(rows, width))
    table.check_format()
    assert table.has_canonical_format
    assert np.array_equal(table.toarray(), matrix(mapped))


def test_rows_are_taken_in_the_order_asked_for() -> None:
    mapped, rows = _mapped(), np.array([7, 3, 3, 39, 0])

    assert np.array_equal(matrix(taken(mapped, rows)), matrix(mapped)[rows])
    assert matrix(taken(mapped, np.zeros(0, np.int64))).shape == (0, 19)


def test_batches_are_joined_one_after_the_other() -> None:
    parts = [_mapped(5, seed=1), _mapped(0, seed=2), _mapped(7, seed=3)]

    joined = concatenated(parts)

    assert joined.rows == 12
    assert np.array_equal(matrix(joined), np.vstack([matrix(part) for part in parts]))
    assert np.array_equal(_scipy(joined), matrix(joined))


def test_only_text_makes_a_matrix_sparse() -> None:
    assert _mapped().is_sparse
    assert not Mapped(1, (Numbers("x", np.zeros(1)),)).is_sparse
