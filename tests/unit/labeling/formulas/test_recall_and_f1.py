from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from labeling.formulas.intervals import Interval, Intervals, exact_bound, wilson
from labeling.formulas.recall_and_f1 import (
    ClassShares,
    f1,
    of_counts,
    ratio_bound,
    ratios_of,
    recall,
    with_points,
)
from labeling.formulas.shares import share
from pipelines.columns.buffers import Int64s

_NOBODY = Interval(None, 0, 1)


def _one(interval: Interval) -> Intervals:
    parts = (interval.value, interval.low, interval.high)
    return Intervals(*(np.array([np.nan if part is None else part]) for part in parts))


def _estimated(right: Interval, missed: Interval, predicted: float) -> tuple[Interval, Interval]:
    """Return recall and F1."""
    parts = (_one(right), _one(missed), np.array([predicted]))
    return recall(*parts)[0], f1(*parts)[0]


def test_a_class_that_is_never_predicted_and_occurs_has_a_recall_of_0() -> None:
    """One row of the class among 90 answers is proof enough."""
    for found in _estimated(_NOBODY, share([900], [90], [1]), 0.0):
        assert found == Interval(0, 0, 0)


def test_a_class_that_is_never_predicted_and_was_not_found_is_unknown() -> None:
    for found in _estimated(_NOBODY, share([900], [90], [0]), 0.0):
        assert found == Interval(None, 0, 1)


def test_where_no_right_row_was_found_the_ratios_are_bounded_from_above() -> None:
    """Of 10 of 10 predicted rows none was right, of 90 others 5 are of the class."""
    right, missed = share([100], [10], [0]), share([9900], [90], [5])
    assert right.high is not None
    assert missed.low is not None
    least = 0.99 * missed.low

    of_recall, of_f1 = _estimated(right, missed, 0.01)

    assert (of_recall.value, of_recall.low) == (None, 0)
    for limit in (right.high, 1.2 * right.high):  # the exact limit is a little above
        most, side = 0.01 * limit, 1 if limit > right.high else -1
        assert side * (most / (most + least) - (of_recall.high or 0)) >= 0
        assert side * (2 * most / (most + least + 0.01) - (of_f1.high or 0)) >= 0


def test_nothing_is_known_without_an_answer_on_the_other_side() -> None:
    for found in _estimated(share([100], [10], [0]), _NOBODY, 0.1):
        assert found == Interval(None, 0, 1)


@pytest.mark.parametrize(("right", "missed"), [(2, 10), (10, 2), (10, 0)])
def test_a_ratio_has_no_point_below_3_found_on_either_side(right: float, missed: float) -> None:
    ratios = Intervals(*(np.array([part]) for part in (0.8, 0.5, 1.0)))
    found = (np.array([right]), np.array([missed]))

    assert with_points(ratios, *found)[0] == Interval(None, 0.5, 1)


def test_what_is_not_left_to_chance_has_a_point() -> None:
    census, none = Intervals(*(np.array([0.8]) for _ in range(3))), np.zeros(1)

    assert with_points(census, none, none)[0] == Interval(0.8, 0.8, 0.8)


def test_3_found_on_both_sides_make_a_point() -> None:
    """Thirds of several people add up to 3 but for the last bit."""
    ratios = Intervals(*(np.array([part]) for part in (0.5, 0.2, 0.8)))
    three = np.array([sum([0.1] * 30)])

    assert with_points(ratios, three, three)[0].value == 0.5


def test_a_bound_shares_its_error_between_the_sides() -> None:
    shares = ClassShares(share([100], [10], [1]), share([9900], [90], [5]), 0.01)
    kept = 0.01 * exact_bound(0.1, 10 / 0.9, 0.025, upper=True)

    found = ratio_bound("recall", shares, 0.05, upper=True)

    lost = kept * (1 / found - 1)
    assert lost / 0.99 == pytest.approx(exact_bound(5 / 90, 90, 0.025, upper=False), rel=0.1)


def test_a_bound_of_a_class_that_is_never_predicted_is_0() -> None:
    shares = ClassShares(_NOBODY, share([900], [90], [1]), 0.0)

    assert ratio_bound("recall", shares, 0.001, upper=True) == 0
    assert ratio_bound("f1", shares, 0.001, upper=True) == 0


def test_a_bound_of_a_census_is_the_ratio() -> None:
    shares = ClassShares(share([10], [10], [8]), share([90], [90], [2]), 0.1)

    for upper in (True, False):
        assert ratio_bound("recall", shares, 0.001, upper=upper) == pytest.approx(0.8)
        assert ratio_bound("f1", shares, 0.001, upper=upper) == pytest.approx(16 / 20)


def test_a_side_without_an_answer_takes_no_part_of_the_error() -> None:
    """All rows predicted as the class may be right, whatever the error."""
    shares = ClassShares(_NOBODY, share([9900], [90], [5]), 0.01)
    lost = 0.99 * exact_bound(5 / 90, 90, 0.05, upper=False)

    found = ratio_bound("recall", shares, 0.05, upper=True)

    assert found == pytest.approx(0.01 / (0.01 + lost), rel=0.01)


_INSIDE, _OTHERS, _ERROR = 3, 40, 0.05


@cache
def _limit(metric: str, predicted: float, good: int, found: int) -> float:
    sides = share([1e6], [_INSIDE], [good]), share([1e7], [_OTHERS], [found])
    return ratio_bound(metric, ClassShares(*sides, predicted, _INSIDE), _ERROR, upper=True)


@pytest.mark.parametrize("metric", ["recall", "f1"])
@pytest.mark.parametrize("predicted", [0.01, 0.1])
@pytest.mark.parametrize("right", [0.02, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("missed", [0.01, 0.05, 0.3])
def test_the_upper_limit_is_too_low_no_more_often_than_its_error_says(
    metric: str, predicted: float, right: float, missed: float
) -> None:
    """Every sample of 3 rows predicted as the class and 40 others is counted with its chance."""
    inside, others = _INSIDE, _OTHERS
    kept, lost = predicted * right, (1 - predicted) * missed
    truth = kept / (kept + lost) if metric == "recall" else 2 * kept / (kept + lost + predicted)
    wrong = 0.0
    for good in range(inside + 1):
        for found in range(others + 1):
            chance = binom.pmf(good, inside, right) * binom.pmf(found, others, missed)
            wrong += chance * (_limit(metric, predicted, good, found) < truth - 1e-9)

    assert wrong <= _ERROR


def test_what_few_right_and_some_missed_rows_say_together_is_said() -> None:
    """2 of 2 rows predicted as the class are wrong, and 2 of 98 others are of it."""
    shares = ClassShares(share([10], [2], [0]), share([9990], [98], [2]), 0.001, 2)

    assert ratio_bound("recall", shares, 0.05 / 53, upper=True) < 0.5


def _many(rows: float, answers: int, found: Int64s) -> Intervals:
    left = 1 - answers / rows
    return wilson(found / answers, np.full(len(found), answers / left))


@pytest.mark.parametrize("prevalence", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("predicted", [0.0, 0.002, 0.02])
def test_the_bound_holds_the_truth_in_97_of_100_samples_without_a_right_row(
    prevalence: float, predicted: float
) -> None:
    """A tenth of the predicted rows is right: where none is found, there is a bound."""
    rng = np.random.default_rng(1)
    asked, others = max(2, round(200 * predicted)), round(200 * (1 - predicted))
    lost = prevalence - predicted / 10
    right = _many(20_000 * predicted + 1, asked, rng.binomial(asked, 0.1, 2_000))
    missed = _many(20_000, others, rng.binomial(others, lost / (1 - predicted), 2_000))
    truth = predicted / 10 / prevalence

    found = recall(right, missed, np.full(2_000, predicted))

    assert (truth <= found.high[right.value == 0]).mean() >= 0.975


@pytest.mark.parametrize("right", [1, 3, 5])
@pytest.mark.parametrize("missed", [1, 2, 3, 6])
def test_where_few_predicted_rows_are_left_each_may_be_right_or_wrong(
    right: int, missed: int
) -> None:
    """Four of 5 predicted rows and 196 of 283 others are answered: exact coverage over all samples."""
    predicted, left = np.array([5 / 288]), [np.array([1.0]), np.array([87.0])]
    truth = of_counts(*(np.array([part]) for part in (5, 283, right / 5, missed / 283)))[1:]
    covered = np.zeros(2)
    for hit in range(max(0, right - 1), min(right, 4) + 1):
        for found in range(missed + 1):
            kept, lost = share([5], [4], [hit]), share([283], [196], [found])
            chance = hypergeom(5, right, 4).pmf(hit) * hypergeom(283, missed, 196).pmf(found)
            both = ratios_of(_one(kept), _one(lost), predicted, left)
            covered += [
                chance * (one.low[0] - 1e-12 <= whole[0] <= one.high[0] + 1e-12)
                for one, whole in zip(both, truth, strict=True)
            ]

    assert covered.min() >= 0.93
