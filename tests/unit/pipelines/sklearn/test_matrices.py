"""Mapped rows as matrices, against matrices written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from pipelines.features.mapped import Dense, Mapped, Numbers, OneHot, Sparse
from pipelines.sklearn.matrices import (
    compressed_matrix,
    concatenated,
    dense_matrix,
    matrix_of,
    stacked,
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


def _by_hand(mapped: Mapped) -> np.ndarray:
    """The matrix cell by cell."""
    blocks = []
    for column in mapped.columns:
        block = np.zeros((mapped.rows, column.width))
        for row in range(mapped.rows):
            match column:
                case Numbers() | Dense():
                    block[row] = column.values[row]
                case OneHot():
                    block[row, column.codes[row]] = 1.0
                case Sparse():
                    for entry in range(column.indptr[row], column.indptr[row + 1]):
                        block[row, column.indices[entry]] = column.values[entry]
        blocks.append(block)
    return np.hstack(blocks)


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_the_matrix_writes_out_every_kind_of_column(rows: int) -> None:
    mapped = _mapped(rows)

    assert mapped.width == 19
    assert np.array_equal(dense_matrix(mapped), _by_hand(mapped))


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_compressed_rows_are_the_same_matrix(rows: int) -> None:
    """In each row the columns ascend, as scipy's canonical format wants."""
    mapped = _mapped(rows)

    table = compressed_matrix(mapped)

    table.check_format()
    assert table.has_canonical_format
    assert np.array_equal(table.toarray(), _by_hand(mapped))


def test_numbers_and_pixels_are_entries_even_where_they_are_0() -> None:
    """What a library adds up does not depend on which numbers happen to be 0."""
    text = Sparse("t", np.zeros(3, np.int64), np.zeros(0, np.int32), np.zeros(0), 5)
    columns = (Numbers("x", np.array([0.0, 1.0])), text, Dense("p", np.zeros((2, 3))))

    table = compressed_matrix(Mapped(2, columns))

    assert table.nnz == 8
    assert table.indices.dtype == table.indptr.dtype == np.int32


@pytest.mark.parametrize("kinds", [slice(None), slice(0, 2)])
def test_fragments_are_stacked_into_one_matrix(kinds: slice) -> None:
    """Compressed where there is text, else written out."""
    parts = [_mapped(5, seed=1), _mapped(0, seed=2), _mapped(7, seed=3)]
    parts = [Mapped(part.rows, part.columns[kinds]) for part in parts]

    whole = stacked(parts)

    assert type(whole) is type(matrix_of(parts[0]))
    assert np.array_equal(whole @ np.eye(parts[0].width), np.vstack(list(map(_by_hand, parts))))


def test_rows_are_taken_in_the_order_asked_for() -> None:
    mapped, rows = _mapped(), np.array([7, 3, 3, 39, 0])

    assert np.array_equal(dense_matrix(taken(mapped, rows)), dense_matrix(mapped)[rows])
    assert dense_matrix(taken(mapped, np.zeros(0, np.int64))).shape == (0, 19)


def test_batches_are_joined_one_after_the_other() -> None:
    parts = [_mapped(5, seed=1), _mapped(0, seed=2), _mapped(7, seed=3)]

    joined = concatenated(parts)

    assert joined.rows == 12
    assert np.array_equal(_by_hand(joined), np.vstack([_by_hand(part) for part in parts]))


def test_only_text_makes_a_matrix_sparse() -> None:
    assert _mapped().is_sparse
    assert not Mapped(1, (Numbers("x", np.zeros(1)),)).is_sparse
