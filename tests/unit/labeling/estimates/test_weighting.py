from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.estimates.weighting import Levels, answer_weights, levels
from pipelines.columns.buffers import Floats

# (group, batch, label, rows of which one was drawn for each, drawn, answered share, right share)
_CELL = st.tuples(
    st.integers(0, 1),
    st.integers(0, 2),
    st.integers(0, 1),
    st.integers(1, 40),
    st.integers(1, 6),
    st.floats(0, 1),
    st.floats(0, 1),
    st.booleans(),
)


def _made(
    cells: list[tuple[int, int, int, int, int, float, float, bool]],
) -> tuple[Levels, Floats, Floats, Floats, Floats, Floats]:
    """Return levels, sizes, design weights, answers, right answers and groups of cells."""
    group, batch, label, per, drawn, answered, right, pooled = (
        np.array(part) for part in zip(*cells, strict=True)
    )
    of = levels(group, np.arange(len(cells)), pooled, (label, batch))
    count = np.floor(answered * (drawn + 1)).clip(max=drawn)
    good = np.floor(right * (count + 1)).clip(max=count)
    return of, (per * drawn).astype(np.float64), per.astype(np.float64), count, good, group


@given(st.lists(_CELL, min_size=1, max_size=12))
def test_weights_add_up_to_the_rows_of_each_group(cells: list) -> None:
    of, size, design, count, _, group = _made(cells)

    weights = answer_weights(of, size, design, count)

    for one in set(group.tolist()):
        own = group == one
        if count[own].sum():
            assert (weights * count)[own].sum() == pytest.approx(size[own].sum())


@given(st.lists(_CELL, min_size=1, max_size=12), st.data())
def test_one_more_wrong_answer_never_raises_a_figure(cells: list, data: st.DataObject) -> None:
    """Whatever was answered before, in whichever stratum it comes."""
    of, size, design, count, right, group = _made(cells)
    drawn = size / design
    open_ = np.flatnonzero(count < drawn)
    if not len(open_):
        return
    more = count.copy()
    more[data.draw(st.sampled_from(open_.tolist()))] += 1
    mean = np.divide(right, count, out=np.zeros_like(count), where=count > 0)
    after = np.divide(right, more, out=np.zeros_like(count), where=more > 0)

    before = answer_weights(of, size, design, count) * count * mean
    then = answer_weights(of, size, design, more) * more * after

    for one in set(group.tolist()):
        own = group == one
        assert then[own].sum() <= before[own].sum() + 1e-9 * size.sum() or not count[own].sum()


def test_two_answers_speak_for_their_stratum_and_fewer_for_half_of_it_each() -> None:
    """Ten rows for each question: strata of 40 rows, with 2, 1 and no answers."""
    of = levels(np.zeros(3, np.int64), np.arange(3), np.zeros(3, np.bool_), _one_label(3))

    weights = answer_weights(
        of, np.array([40.0] * 3), np.array([10.0] * 3), np.array([2.0, 1.0, 0.0])
    )

    shared = (20 + 40) / 3  # what nothing stands for yet, by the three answers of the label
    assert weights[:2].tolist() == [20 + shared, 20 + shared]


def _one_label(cells: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(cells, np.int64), np.zeros(cells, np.int64)


def test_parts_that_are_pooled_count_by_design_weight() -> None:
    """Of 30 rows two answers stand for 1 and 4 rows each by design: 6 and 24."""
    of = levels(np.zeros(2, np.int64), np.arange(2), np.ones(2, np.bool_), _one_label(2))

    weights = answer_weights(of, np.array([10.0, 20.0]), np.array([1.0, 4.0]), np.ones(2))

    assert weights.sum() == pytest.approx(30)
    assert weights[1] == pytest.approx(4 * weights[0])


def test_answers_stand_for_rows_of_another_batch_only_where_that_has_none() -> None:
    of = levels(
        np.zeros(3, np.int64),
        np.arange(3),
        np.zeros(3, np.bool_),
        (np.zeros(3, np.int64), np.arange(3)),
    )

    weights = answer_weights(
        of, np.array([50.0, 30.0, 20.0]), np.full(3, 5.0), np.array([5.0, 1.0, 0.0])
    )

    assert (weights * [5, 1, 0]).tolist() == pytest.approx([50 + 20 * 5 / 6, 30 + 20 / 6, 0])
