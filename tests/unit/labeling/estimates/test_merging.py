from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.estimates.merging import Cells, MergedStrata, Neighbours, merged, weights_of

# (group, label, batch, answers, rows without an answer)
_Rows = list[tuple[int, int, int, int, int]]

_CELL = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 4), st.integers(0, 3)
).filter(lambda cell: cell[3] + cell[4] > 0)


def _cells(rows: _Rows) -> tuple[Cells, Neighbours]:
    """Make cells whose places follow (batch, label, position); half of the answers are right.

    The sum of cubes, which no weight depends on, names the cell.
    """
    group, label, batch, answered, more = np.array(rows, np.int64).reshape(-1, 5).T
    order = np.lexsort((np.arange(len(rows)), label, batch))
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows))
    count = answered.astype(np.float64)
    zeros, names = np.zeros(len(rows)), np.arange(len(rows), dtype=np.float64)
    pooled = np.zeros(len(rows), np.bool_)
    cells = Cells(group, place, pooled, count + more, zeros + 5, count, count / 2, zeros, names)
    return cells, Neighbours(label[order], batch[order])


def _members(merged: MergedStrata) -> list[list[int]]:
    parts = np.split(merged.cells.third, merged.first[1:]) if len(merged.first) else []
    return [sorted(part.astype(np.int64).tolist()) for part in parts]


def _merge(rows: _Rows) -> list[list[int]]:
    return sorted(_members(merged(*_cells(rows))))


def test_cells_with_two_answers_stay_by_themselves() -> None:
    assert _merge([(0, 0, 0, 2, 5), (0, 0, 0, 3, 5)]) == [[0], [1]]


def test_a_complete_cell_needs_no_second_answer() -> None:
    assert _merge([(0, 0, 0, 1, 0), (0, 0, 0, 2, 5)]) == [[0], [1]]


def test_lacking_cells_pair_up_before_they_join_others() -> None:
    assert _merge([(0, 0, 0, 1, 5), (0, 0, 0, 1, 5), (0, 0, 0, 4, 5)]) == [[0, 1], [2]]


def test_what_is_left_of_a_run_joins_the_right_neighbour() -> None:
    rows = [(0, 0, 0, 1, 5)] * 3 + [(0, 0, 0, 4, 5)]

    assert _merge(rows) == [[0, 1], [2, 3]]


def test_at_the_end_it_joins_the_left_one() -> None:
    assert _merge([(0, 0, 0, 4, 5), (0, 0, 0, 1, 5)]) == [[0, 1]]


def test_a_cell_without_answers_is_judged_by_the_others() -> None:
    assert _merge([(0, 0, 0, 4, 5), (0, 0, 0, 0, 5), (0, 0, 0, 3, 5)]) == [[0], [2]]


def test_the_own_label_is_preferred_within_the_batch_and_that_to_the_rest() -> None:
    same_label = _merge([(0, 0, 0, 4, 5), (0, 1, 0, 1, 5), (0, 1, 0, 4, 5)])
    same_batch = _merge([(0, 0, 0, 4, 5), (0, 1, 0, 1, 5), (0, 1, 1, 4, 5)])
    any_batch = _merge([(0, 0, 0, 1, 5), (0, 0, 1, 4, 5)])

    assert (same_label, same_batch, any_batch) == ([[0], [1, 2]], [[0, 1], [2]], [[0, 1]])


@given(st.lists(_CELL, max_size=30))
def test_a_block_has_two_answers_or_all_or_is_alone_in_its_group(rows: _Rows) -> None:
    cells, near = _cells(rows)
    found = _members(merged(cells, near))

    answered = np.flatnonzero(cells.answered).tolist()
    assert sorted(place for block in found for place in block) == answered
    for block in found:
        assert len(set(cells.group[block])) == 1
        lacks = cells.answered[block].sum() < min(2, cells.size[block].sum())
        others = (cells.group == cells.group[block[0]]) & (cells.answered > 0)
        assert len(block) == others.sum() or not lacks


@given(st.lists(_CELL, max_size=30))
def test_batches_mix_only_where_one_has_too_few_answers(rows: _Rows) -> None:
    cells, near = _cells(rows)
    batch = near.batch[cells.place]

    for block in _members(merged(cells, near)):
        if len(batches := set(batch[block])) > 1:
            of_group = cells.group == cells.group[block[0]]
            answers = [cells.answered[of_group & (batch == one)].sum() for one in batches]
            assert min(answers) < 2


@given(st.lists(_CELL, min_size=1, max_size=30))
def test_merging_does_not_change_what_an_answer_stands_for(rows: _Rows) -> None:
    """Strata hold a group's rows, each answer as many as before."""
    cells, near = _cells(rows)
    weights = weights_of(cells, near)

    found = merged(cells, near).strata(3)

    for group in range(3):
        own, inside = cells.group == group, found.group == group
        if cells.answered[own].sum():
            assert found.size[inside].sum() == pytest.approx(cells.size[own].sum())
            stood = (weights * cells.total)[own].sum()
            assert (found.size * found.mean)[inside].sum() == pytest.approx(stood)


@given(st.lists(_CELL, min_size=1, max_size=30), st.integers(0, 9))
def test_the_order_of_cells_changes_no_bit(rows: _Rows, seed: int) -> None:
    cells, near = _cells(rows)
    shuffled = np.random.default_rng(seed).permutation(len(rows))

    one, other = (merged(each, near).strata(3) for each in (cells, cells.take(shuffled)))

    for name in ("size", "answered", "effective", "mean", "right", "group"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_lone_answers_share_a_stratum_and_keep_the_rows_that_they_stand_for() -> None:
    """One right answer for 90 rows and one wrong for 10 are 90 % right, not half."""
    cells, near = _cells([(0, 0, 0, 1, 89), (0, 0, 0, 1, 9)])
    design = np.array([90.0, 10.0])
    cells = replace(cells, weight=design, total=np.array([1.0, 0.0]))

    found = merged(cells, near).strata(1)

    assert found.mean.tolist() == [pytest.approx(0.9)]
    assert found.effective.tolist() == [pytest.approx(100**2 / (90**2 + 10**2))]
    assert found.answered.tolist() == [2]


@given(st.lists(st.lists(st.floats(0, 100), min_size=1, max_size=4), min_size=1, max_size=4))
def test_moments_of_a_merged_stratum_are_those_of_all_its_answers(
    errors: list[list[float]],
) -> None:
    """Cells that stand for equally many rows merge as if there had been one."""
    parts = [np.array(cell) for cell in errors]
    together = np.concatenate(parts)
    whole, near = _one_cell(together)
    split = [_one_cell(part)[0] for part in parts]
    cells = Cells(*(np.concatenate([getattr(c, n) for c in split]) for n in _FIELDS))
    parted = MergedStrata(cells, np.array([0]))

    one, other = parted.spread(1), merged(whole, near).spread(1)

    assert one.strata.mean == pytest.approx(other.strata.mean)
    assert one.variance == pytest.approx(other.variance, abs=1e-6)
    assert one.third == pytest.approx(other.third, abs=1e-3)
    if len(together) > 1:
        assert other.variance == pytest.approx(np.var(together, ddof=1), abs=1e-6)


_FIELDS = ("group", "place", "pooled", "size", "weight", "answered", "total", "second", "third")


def _one_cell(errors: np.ndarray) -> tuple[Cells, Neighbours]:
    away = errors - errors.mean()
    parts = (1_000, 7, len(errors), errors.sum(), (away**2).sum(), (away**3).sum())
    zero = np.zeros(1, np.int64)
    pooled = np.zeros(1, np.bool_)
    cells = Cells(zero, zero, pooled, *(np.array([float(part)]) for part in parts))
    return cells, Neighbours(zero, zero)
