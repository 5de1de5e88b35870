from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from labeling.formulas.intervals import Interval, Intervals
from labeling.formulas.ratios import f1, recall
from labeling.formulas.shares import AnsweredStrata, share, shares
from pipelines.columns.buffers import Floats, Int64s


@st.composite
def _samples(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Strata as (size, answered, right), each with 2 answers or complete."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 400))
        answered = draw(st.integers(min(2, size), size))
        found.append((size, answered, draw(st.integers(0, answered))))
    return found


def _by_hand(sample: list[tuple[int, int, int]]) -> tuple[float, float, float]:
    """Write the rule down once more, in plain loops."""
    rows = sum(size for size, _, _ in sample)
    n = sum(answered for _, answered, _ in sample)
    p = sum(size / rows * right / answered for size, answered, right in sample)
    if n == rows:
        return p, p, p
    smooth = (p * n + 1) / (n + 2)
    variance = center = 0.0
    for size, answered, right in sample:
        shrunk = (right + smooth) / (answered + 1)
        center += size / rows * shrunk
        if answered < size:
            left = 1 - answered / size
            variance += (size / rows) ** 2 * left * shrunk * (1 - shrunk) / (answered - 1)
    effective = center * (1 - center) / variance
    if all(right == 0 for *_, right in sample) or all(r == a for _, a, r in sample):
        effective = min(effective, n)
    low, high = proportion_confint(p * effective, effective, 0.05, "wilson")
    return p, low, high


@given(_samples())
def test_the_interval_is_the_one_that_was_simulated(sample: list[tuple[int, int, int]]) -> None:
    found = share(*zip(*sample, strict=True))

    expected = _by_hand(sample)
    assert (found.value, found.low, found.high) == pytest.approx(expected, abs=1e-9)


@given(_samples())
def test_limits_enclose_the_value_and_stay_shares(sample: list[tuple[int, int, int]]) -> None:
    found = share(*zip(*sample, strict=True))

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_weighs_each_stratum_by_its_size() -> None:
    """900 rows at 90 % and 100 rows at 80 % make 89 %, whatever the sample sizes."""
    assert share([900, 100], [30, 50], [27, 40]).value == pytest.approx(0.89)


@given(st.integers(1, 500), st.data())
def test_a_census_has_no_error(size: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, size))

    assert share([size], [size], [right]) == Interval(*[right / size] * 3)


def test_a_stratum_without_a_wrong_answer_still_has_a_variance() -> None:
    """The textbook's would be 0, and its interval a point."""
    found = share([500, 500], [10, 10], [10, 10])

    assert found.value == 1
    assert found.high == 1
    assert found.low is not None
    assert 0.8 < found.low < proportion_confint(20, 20, 0.05, "wilson")[0]


def test_no_answer_says_nothing() -> None:
    assert share([100], [0], [0]) == Interval(None, 0, 1)


def test_a_lone_answer_says_little() -> None:
    found = share([100], [1], [1])

    assert found.value == 1
    assert found.low is not None
    assert 0 < found.low < 0.2


def test_answers_may_be_half_right() -> None:
    """Two people who disagree about a row make it half right."""
    assert share([100], [4], [2.5]).value == pytest.approx(0.625)


@pytest.mark.parametrize(
    "size, answered, right", [([10], [11], [1]), ([10], [5], [6]), ([10], [5], [-1])]
)
def test_impossible_counts_are_refused(
    size: list[float], answered: list[float], right: list[float]
) -> None:
    with pytest.raises(ValueError, match="0 <= right <= answered <= size"):
        share(size, answered, right)


@given(_samples(), _samples())
def test_groups_do_not_touch_each_other(
    one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]
) -> None:
    together = np.array(one + other, np.float64)
    group = np.repeat([0, 1], [len(one), len(other)])
    size, answered, right = together.T

    found = shares(AnsweredStrata(size, answered, answered, right / answered, group, 2))

    for place, sample in enumerate((one, other)):
        alone = share(*zip(*sample, strict=True))
        assert (found.low[place], found.high[place]) == pytest.approx((alone.low, alone.high))


def _one(interval: Interval) -> Intervals:
    parts = (interval.value, interval.low, interval.high)
    return Intervals(*(np.array([np.nan if part is None else part]) for part in parts))


def _confusion(counts: tuple[int, int, int, int]) -> tuple[Intervals, Intervals, Floats]:
    """Return a census: right among predicted, missed among others, share predicted."""
    tp, fp, fn, tn = counts
    return (
        _one(share([tp + fp], [tp + fp], [tp])) if tp + fp else _one(Interval(None, 0, 1)),
        _one(share([fn + tn], [fn + tn], [fn])) if fn + tn else _one(Interval(None, 0, 1)),
        np.array([(tp + fp) / sum(counts)]),
    )


@given(st.tuples(*[st.integers(0, 50)] * 4).filter(lambda counts: counts[0] + counts[2] > 0))
def test_a_census_gives_the_true_recall_and_f1(counts: tuple[int, int, int, int]) -> None:
    """Also 0, where every row of the class was missed."""
    tp, fp, fn, _ = counts
    parts = _confusion(counts)

    for found, true in (
        (recall(*parts)[0], tp / (tp + fn)),
        (f1(*parts)[0], 2 * tp / (2 * tp + fp + fn)),
    ):
        assert (found.value, found.low, found.high) == pytest.approx((true, true, true))


def test_a_class_that_does_not_occur_has_no_recall() -> None:
    assert recall(*_confusion((0, 5, 0, 5)))[0] == Interval(None, 0, 1)


def test_recall_weighs_both_sides_by_their_rows() -> None:
    """80 % of 100 predicted rows and 1 % of 900 others: 80 of 89."""
    right, missed = _one(share([100], [50], [40])), _one(share([900], [100], [1]))

    found = recall(right, missed, np.array([0.1]))[0]

    assert found.value == pytest.approx(80 / 89)
    assert found.low is not None
    assert found.high is not None
    assert 0.5 < found.low < 80 / 89 < found.high < 1


@given(st.integers(0, 1_000), _samples(), _samples())
def test_ratios_and_their_limits_are_ordered_shares(
    predicted: int, one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]
) -> None:
    right, missed = (_one(share(*zip(*sample, strict=True))) for sample in (one, other))

    for metric in (recall, f1):
        found = metric(right, missed, np.array([predicted / 1_000]))
        assert not math.isnan(found.low[0] + found.high[0])
        assert 0 <= found.low[0] <= found.high[0] <= 1
        assert math.isnan(found.value[0]) or found.low[0] <= found.value[0] <= found.high[0]


_REPLAYS = 1_500


def _drawn(rng: np.random.Generator, size: Int64s, right: Int64s, n: int) -> AnsweredStrata:
    """Draw n answers from each stratum, many times over: one group a replay."""
    found = rng.hypergeometric(right, size - right, n, (_REPLAYS, len(size)))
    count = np.full(found.size, float(n))
    rows = np.tile(size.astype(np.float64), _REPLAYS)
    group = np.repeat(np.arange(_REPLAYS), len(size))
    return AnsweredStrata(rows, count, count, (found / n).ravel(), group, _REPLAYS)


def _covered(found: Intervals, truth: float) -> float:
    return float(((found.low <= truth) & (truth <= found.high)).mean())


@pytest.mark.parametrize("accuracy", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("n", [10, 40])
def test_95_of_100_intervals_hold_the_true_accuracy(accuracy: float, n: int) -> None:
    """Ten strata between hard and easy, 100 and 400 answers in all."""
    size = np.arange(500, 3_000, 250)
    odds = math.log(accuracy / (1 - accuracy)) + np.linspace(-1.5, 1.5, len(size))
    right = np.rint(size / (1 + np.exp(-odds))).astype(np.int64)

    found = shares(_drawn(np.random.default_rng(1), size, right, n))

    assert 0.936 <= _covered(found, right.sum() / size.sum()) <= 0.98


@pytest.mark.parametrize("prevalence", [0.02, 0.05, 0.25])
@pytest.mark.parametrize("n", [50, 200])
def test_92_of_100_intervals_hold_the_true_recall_and_f1(prevalence: float, n: int) -> None:
    rng = np.random.default_rng(2)
    rows = 20_000
    predicted = round(rows * prevalence)
    own, others = np.array([predicted]), np.full(4, (rows - predicted) // 4)
    found_rows = np.rint(own * 0.8).astype(np.int64)
    lost = np.rint(others * prevalence * np.array([0.02, 0.1, 0.3, 0.8])).astype(np.int64)
    right = shares(_drawn(rng, own, found_rows, max(2, round(n * prevalence))))
    missed = shares(_drawn(rng, others, lost, round(n * (1 - prevalence) / 4)))
    share_predicted = np.full(_REPLAYS, predicted / (predicted + others.sum()))
    tp, fn = found_rows.sum(), lost.sum()

    for metric, truth in ((recall, tp / (tp + fn)), (f1, 2 * tp / (predicted + tp + fn))):
        assert _covered(metric(right, missed, share_predicted), truth) >= 0.92
