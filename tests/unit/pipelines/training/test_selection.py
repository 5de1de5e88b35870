"""Which rows train, and which measure: by time, by hash, and up to a limit."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.training.selection import select

WORDS = st.integers(0, 2**64 - 1)


@given(st.lists(WORDS, min_size=1, max_size=50, unique=True), st.integers(1, 60), st.floats(0, 0.9))
def test_the_smallest_hashes_train_or_measure_and_none_does_both(
    high: list[int], most: int, holdout: float
) -> None:
    hashes = np.array([[word, 0] for word in high], dtype=np.uint64)

    train, held = select(hashes, None, holdout=holdout, max_rows=most).masks(hashes, None)

    chosen = {word for word, one in zip(high, train | held, strict=True) if one}
    assert chosen == set(sorted(high)[:most])
    assert not (train & held).any()


@given(
    st.lists(
        st.tuples(WORDS, st.integers(0, 9)), min_size=2, max_size=50, unique_by=lambda x: x[0]
    ),
    st.floats(0.01, 0.9),
)
def test_what_measures_is_later_than_all_that_trains(
    rows: list[tuple[int, int]], holdout: float
) -> None:
    """Whatever the share; only where the latest time has most of the rows, time cannot tell."""
    hashes = np.array([[word, 0] for word, _ in rows], dtype=np.uint64)
    micros = np.array([time for _, time in rows])
    assume(2 * (micros == micros.max()).sum() <= len(micros))

    train, held = select(hashes, micros, holdout=holdout, max_rows=100).masks(hashes, micros)

    assert train.any()
    assert held.any()
    assert (train | held).all()
    assert micros[train].max() < micros[held].min()


def test_rows_of_one_time_are_held_out_by_their_hash() -> None:
    hashes = np.array([[word, 0] for word in range(10)], dtype=np.uint64)
    micros = np.ones(10, dtype=np.int64)

    train, held = select(hashes, micros, holdout=0.2, max_rows=100).masks(hashes, micros)

    assert (train.sum(), held.sum()) == (8, 2)
