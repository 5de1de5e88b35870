from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from labeling.estimates.calibration import Answered, Calibration, answered, calibration, pairs
from tests.fixtures.judged import Row, judged

_rows = st.lists(
    st.tuples(
        st.sampled_from([0.2, 0.5, 0.50000001, 0.7, 0.9, 1.0]),
        st.sampled_from([0.0, 0.5, 1.0]),
        st.sampled_from([1.0, 4.0]),
    ),
    min_size=1,
    max_size=300,
)


def _of(rows: list[tuple[float, float, float]]) -> Answered:
    return Answered(*(np.array(column) for column in zip(*rows, strict=True)))


def _calibrated(of: Answered) -> Calibration:
    found = calibration(of)
    assert found is not None
    return found


@given(_rows)
def test_bins_hold_each_answer_once_and_add_up_to_the_whole(
    rows: list[tuple[float, float, float]],
) -> None:
    found = _calibrated(_of(rows))

    total = sum(weight for _, _, weight in rows)
    right = sum(right * weight for _, right, weight in rows) / total
    assert sum(one.answers for one in found.bins) == len(rows)
    assert found.right == pytest.approx(right)
    assert all(one.low <= one.score * (1 + 1e-12) <= one.high * (1 + 1e-9) for one in found.bins)


@given(_rows)
def test_equal_scores_stay_together(rows: list[tuple[float, float, float]]) -> None:
    """A cut between equal scores would depend on the order of rows; a last bit is no difference."""
    bins = _calibrated(_of(rows)).bins

    for left, right in pairwise(bins):
        assert round(left.high, 6) < round(right.low, 6)


def test_an_even_sample_has_wilsons_interval() -> None:
    """Where all rows stand for equally many, Kish's number is the number of answers."""
    right = np.array([1.0] * 15 + [0.0] * 5)
    of = Answered(np.full(20, 0.8), right, np.full(20, 7.0))

    found = _calibrated(of).bins[0].right

    assert (found.low, found.high) == pytest.approx(proportion_confint(15, 20, method="wilson"))


def test_there_are_more_bins_where_there_are_more_answers() -> None:
    chance = np.random.default_rng(1)

    def bins(rows: int) -> int:
        return len(_calibrated(Answered(chance.random(rows), np.ones(rows), np.ones(rows))).bins)

    assert [bins(rows) for rows in (1, 49, 50, 250, 5000)] == [1, 1, 2, 10, 10]


def test_nothing_is_said_without_answers() -> None:
    assert calibration(Answered(np.zeros(0), np.zeros(0), np.zeros(0))) is None


def test_only_rows_with_an_answer_and_a_score_count() -> None:
    rows = [Row("a", ("a",), 0.9), Row("a", ("b",)), Row("a", (), 0.8)]

    found = answered(judged({"all": rows}).evidence())

    assert (found.score.tolist(), found.right.tolist()) == ([0.9], [1.0])


def test_an_answer_stands_for_the_rows_of_its_stratum() -> None:
    rows = [Row("a", ("a",), 0.9, is_drawn=place < 2) for place in range(10)]

    found = answered(judged({"all": rows}).evidence())

    assert found.weight.tolist() == [5.0, 5.0]


def test_pairs_hold_the_mean_of_peoples_numbers() -> None:
    rows = [Row("2", ("3", "4"), value=2.0), Row("1", ("no number",), value=1.0)]

    found = pairs(judged({"all": rows}).evidence())

    assert (found.predicted.tolist(), found.answered.tolist()) == ([2.0], [3.5])
