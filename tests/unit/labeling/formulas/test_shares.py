from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import gammaincinv
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint

from labeling.formulas.answered_strata import AnsweredStrata, strata
from labeling.formulas.intervals import Interval, Intervals, Z
from labeling.formulas.recall_and_f1 import f1, recall
from labeling.formulas.shares import class_shares, share, shares, stray_share
from pipelines.columns.buffers import Floats, Int64s
from tests.fixtures.two_strata import all_designs, held


@st.composite
def _samples(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Strata as (size, answered, right), each with 2 answers or complete."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 400))
        answered = draw(st.integers(min(2, size), size))
        found.append((size, answered, draw(st.integers(0, answered))))
    return found


_Sample = list[tuple[int, int, int]]


def _likeliest(sample: _Sample, share: float) -> list[float]:
    """Divide a share among the strata in the likeliest way, by plain search for the multiplier."""
    rows = sum(size for size, _, _ in sample)
    n = sum(answered for _, answered, _ in sample)
    p = sum(size / rows * right / answered for size, answered, right in sample)
    borrowed = 0.75 * (p * n + 1) / (n + 2)

    def parts(multiplier: float) -> list[float]:
        found = []
        for size, answered, right in sample:
            x, m = right + borrowed, answered + 0.75

            def score(part: float, x: float = x, m: float = m, size: int = size) -> float:
                return x / part - (m - x) / (1 - part) - multiplier * size / rows

            is_open = answered < size
            part = brentq(score, 1e-15, 1 - 1e-15, xtol=1e-16) if is_open else right / answered
            found.append(part)
        return found

    def away(multiplier: float) -> float:
        return (
            sum(
                part * size / rows
                for part, (size, _, _) in zip(parts(multiplier), sample, strict=True)
            )
            - share
        )

    return parts(brentq(away, -1e7, 1e7, xtol=1e-12))


def _statistic(sample: _Sample, share: float) -> float:
    """Return how many standard errors lie between the estimate and a share."""
    rows = sum(size for size, _, _ in sample)
    p = sum(size / rows * right / answered for size, answered, right in sample)
    variance = sum(
        (size / rows) ** 2
        * (1 - answered / size)
        * part
        * (1 - part)
        / max(answered - 1, answered / 2)
        for part, (size, answered, _) in zip(_likeliest(sample, share), sample, strict=True)
    )
    n = sum(answered for _, answered, _ in sample)
    return (p - share) / math.sqrt(variance * (n - 1) / n)


@pytest.mark.parametrize(
    "sample",
    [
        [(900, 30, 20), (100, 12, 6)],
        [(400, 15, 10), (300, 20, 9), (200, 20, 20)],
        [(500, 9, 9), (700, 30, 11), (60, 60, 12)],
    ],
)
def test_the_limits_are_where_a_score_test_begins_to_refuse(sample: _Sample) -> None:
    found = share(*zip(*sample, strict=True))

    assert found.low is not None
    assert found.high is not None
    assert _statistic(sample, found.low) == pytest.approx(Z, abs=1e-5)
    assert _statistic(sample, found.high) == pytest.approx(-Z, abs=1e-5)


@given(st.integers(1, 400), st.data())
def test_one_stratum_has_wilsons_limits(n: int, data: st.DataObject) -> None:
    """Wider ones beside a few answers of one kind."""
    right = data.draw(st.integers(0, n))
    found = share([10**9], [n], [right])
    low, high = proportion_confint(right, n, 0.05, "wilson")

    assert found.low is not None
    assert found.high is not None
    if n == 1 or 4 <= right <= n - 4:
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6) or n == 1
    else:
        assert found.low <= low + 1e-6
        assert found.high >= high - 1e-6


@pytest.mark.parametrize("missing", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("rows", [60, 120, 300])
@pytest.mark.parametrize("accuracy", [0.7, 0.9, 0.97])
def test_small_batches_that_were_answered_nearly_in_full(
    rows: int, missing: int, accuracy: float
) -> None:
    """A normal interval covered .84 here; enumerated over the right ones among the missing."""
    good = round(rows * accuracy)
    right = np.arange(max(0, good - missing), min(good, rows - missing) + 1)
    chance = hypergeom.pmf(good - right, rows, good, missing)

    held = [
        one.low - 1e-12 <= good / rows <= one.high + 1e-12
        for one in (share([rows], [rows - missing], [count]) for count in right.tolist())
        if one.low is not None and one.high is not None
    ]

    assert chance @ np.array(held) >= 0.93


@pytest.mark.parametrize("wrong, rate", [(1, 0.051293), (2, 0.355361), (3, 0.817691)])
def test_beside_a_few_wrong_answers_stands_the_bound_of_rare_events(
    wrong: int, rate: float
) -> None:
    """The rate at which as many events, or more, come in 5 % of the cases; by scipy's gamma."""
    assert gammaincinv(wrong, 0.05) == pytest.approx(rate, abs=1e-6)
    assert share([10**9], [200], [200 - wrong]).high == pytest.approx(1 - rate / 200, abs=1e-6)


def test_a_small_stratum_that_is_mostly_wrong_keeps_no_interval_from_the_truth() -> None:
    """All 1,320 enumerated designs; the formula before this one fell to .55."""
    found = held(all_designs())

    assert len(found.covered) == 1_320
    assert found.covered.min() >= 0.92
    assert (found.covered < found.uniform - 0.03).sum() <= 10


@pytest.mark.parametrize("precision", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("n", [5, 10, 20, 40])
def test_a_class_of_one_percent_with_low_precision_is_covered(precision: float, n: int) -> None:
    """Ten strata of another class, .95 right, and one of 1 % of the rows: 50 to 400 answers."""
    size = np.array([1_980] * 10 + [200])
    right = np.rint(size * np.append(np.linspace(0.92, 0.98, 10), precision)).astype(np.int64)
    asked = np.array([n] * 10 + [max(2, n // 10)])

    found = shares(_drawn(np.random.default_rng(n), size, right, asked))

    assert _covered(found, right.sum() / size.sum()) >= 0.94 - 2.6 * math.sqrt(
        0.06 / _REPLAYS * 0.94
    )


@given(_samples(), st.data())
def test_one_more_right_answer_lowers_no_limit(sample: _Sample, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(sample) - 1))
    size, answered, right = sample[place]
    if right == answered:
        return
    better = [*sample[:place], (size, answered, right + 1), *sample[place + 1 :]]

    before, after = (share(*zip(*one, strict=True)) for one in (sample, better))

    assert before.low is not None
    assert before.high is not None
    assert after.low is not None
    assert after.high is not None
    assert after.low >= before.low - 1e-9
    assert after.high >= before.high - 1e-9


@given(_samples())
def test_no_limit_is_impossible(sample: _Sample) -> None:
    """Of x right answers and m rows without one among N: x / N to (x + m) / N."""
    found = share(*zip(*sample, strict=True))

    rows, answered, right = (sum(part) for part in zip(*sample, strict=True))
    assert found.low is not None
    assert found.high is not None
    assert right / rows - 1e-12 <= found.low
    assert found.high <= (right + rows - answered) / rows + 1e-12


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

    found = shares(AnsweredStrata(size, answered, answered, right / answered, right, group, 2))

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


def test_rounded_weights_leave_limits_within_0_and_1() -> None:
    """Rows that answers stand for are sums of fractions, also where every row was answered.

    N may round to less than n: then x + m is more than N, or less than 0.
    """
    rng = np.random.default_rng(0)
    count = rng.integers(1, 12, (20_000, 3)).astype(np.float64)
    size = count * (1 + rng.integers(0, 40, count.shape) / rng.integers(1, 12, count.shape))
    size[::2] = count[::2] / 3 * rng.choice([7.0, 11.0, 13.0], count[::2].shape) * 3
    size[::2] /= np.rint(size[::2] / count[::2])
    group = np.repeat(np.arange(len(count)), 3)
    assert (size.sum(axis=1) < count.sum(axis=1)).any()

    for mean in (0.0, 1.0):
        rows, many = size.ravel(), count.ravel()
        means = np.full_like(many, mean)
        found = shares(AnsweredStrata(rows, many, many, means, mean * many, group, len(count)))

        assert found.low.min() >= 0
        assert found.high.max() <= 1
        assert found.value.min() >= 0
        assert found.value.max() <= 1
        assert (found.low <= found.value).all()
        assert (found.value <= found.high).all()


_REPLAYS = 1_500


def _drawn(
    rng: np.random.Generator, size: Int64s, right: Int64s, n: int | Int64s
) -> AnsweredStrata:
    """Draw n answers from each stratum, many times over: one group a replay."""
    found = rng.hypergeometric(right, size - right, n, (_REPLAYS, len(size))).astype(np.float64)
    count = np.tile(np.broadcast_to(n, len(size)).astype(np.float64), _REPLAYS)
    rows = np.tile(size.astype(np.float64), _REPLAYS)
    group = np.repeat(np.arange(_REPLAYS), len(size))
    good = found.ravel()
    return AnsweredStrata(rows, count, count, good / count, good, group, _REPLAYS)


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


def test_a_class_found_at_the_top_is_not_looked_for_in_the_large_stratum_at_the_bottom() -> None:
    """The bound of `shares` holds what 200 answers could have missed in 15,000 rows; this one trusts the strata."""
    of = strata([15_000, 900, 100], [200, 100, 100], [0, 10, 40])

    general, parted = shares(of)[0], class_shares(of)[0]

    assert general.high is not None
    assert parted.high is not None
    assert parted.value == general.value
    assert parted.high - parted.value < 0.7 * (general.high - general.value)  # type: ignore[operator]


@given(_samples())
def test_limits_of_a_class_are_possible_and_around_the_value(sample: _Sample) -> None:
    size, answered, right = (np.array(part, float) for part in zip(*sample, strict=True))

    found = class_shares(strata(size, answered, right))[0]

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    assert found.low >= right.sum() / size.sum() - 1e-12
    assert found.high <= (right.sum() + (size - answered).sum()) / size.sum() + 1e-12


def test_however_many_answers_there_are_rows_of_the_class_may_be_where_none_was_seen() -> None:
    """All likely rows are answered, and a quarter of 4,410 unlikely ones: three more may be among the others."""
    of = strata([3325, 1085, 400], [800, 300, 400], [0, 0, 8])

    without = class_shares(of)[0]
    found = class_shares(of, stray_share(np.array([40.0]), np.array([4810.0])))[0]

    assert found.value == without.value == 8 / 4810
    assert without.high is not None
    assert found.high is not None
    assert without.high * 4810 < 9
    assert found.high * 4810 > 11


def test_a_census_of_a_class_has_no_error() -> None:
    found = class_shares(strata([50, 10], [50, 10], [1, 9]))[0]

    assert found.low == found.value == found.high == pytest.approx(10 / 60)


@pytest.mark.parametrize("wrong", [0, 1, 2, 3, 5])
def test_where_most_rows_are_answered_the_rows_left_may_hold_what_was_not_seen(wrong: int) -> None:
    """Of 288 rows 200 are asked: exact coverage over all samples."""
    rows, asked = 288, 200
    seen = np.arange(min(wrong, rows - asked) + 1)
    chance = hypergeom(rows, wrong, asked).pmf(seen)
    found = [share([rows], [asked], [asked - k]) for k in seen.tolist()]

    holds = [float(one.low or 0) <= 1 - wrong / rows <= float(one.high or 1) for one in found]

    assert (chance * holds).sum() >= 0.93
