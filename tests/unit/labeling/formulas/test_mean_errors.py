from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.intervals import Interval, Intervals
from labeling.formulas.mean_errors import Spread, _untransformed, means, roots
from pipelines.columns.buffers import Floats


def _spread(sizes: list[int], errors: list[Floats]) -> Spread:
    """Return one group from each stratum's size and errors of its answers."""
    count = np.array([len(part) for part in errors], np.float64)
    mean = np.array([part.mean() if len(part) else 0 for part in errors])
    variance = np.array([part.var(ddof=1) if len(part) > 1 else 0 for part in errors])
    third = np.array([_third(part) for part in errors])
    zeros = np.zeros(len(sizes), np.int64)
    return Spread(
        AnsweredStrata(np.array(sizes, float), count, count, mean, mean * count, zeros, 1),
        variance,
        third,
    )


def _third(part: Floats) -> float:
    n = len(part)
    moment = float(((part - part.mean()) ** 3).mean()) if n > 2 else 0.0
    return moment * n**2 / ((n - 1) * (n - 2)) if n > 2 else 0.0


def test_without_skewness_it_is_students_interval() -> None:
    errors = np.array([1.0, 2, 3, 4, 5, 6, 7])

    found = means(_spread([10**9], [errors]))[0]

    low, high = stats.t.interval(0.95, len(errors) - 1, errors.mean(), stats.sem(errors))
    assert (found.value, found.low, found.high) == pytest.approx((4, low, high), rel=1e-6)


def test_a_skewed_sample_gets_a_longer_upper_side() -> None:
    found = means(_spread([1000], [np.array([1.0, 1, 1, 2, 2, 3, 20])]))[0]

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.value > 2 * (found.value - found.low) > 0


def test_strata_of_two_answers_share_the_skewness_of_the_whole() -> None:
    """Two answers have none of their own."""
    pairs = np.random.default_rng(1).lognormal(0, 1, (30, 2))

    found = means(_spread([1_000] * 30, list(pairs)))[0]

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 < 1.2 * (found.value - found.low) < found.high - found.value


def test_the_variance_is_that_of_a_stratified_sample() -> None:
    """Cochran's formula, with what is left of each stratum."""
    one, other = np.array([1.0, 2, 3]), np.array([5.0, 7, 9])

    found = means(_spread([30, 60], [one, other]))[0]

    parts = [(1 / 3) ** 2 * (1 - 0.1) * 1 / 3, (2 / 3) ** 2 * (1 - 0.05) * 4 / 3]
    freedom = sum(parts) ** 2 / sum(part**2 / 2 for part in parts)
    center, half = 2 / 3 + 14 / 3, stats.t.ppf(0.975, freedom) * sum(parts) ** 0.5
    assert found.value == pytest.approx(center)
    # The whole is skewed: its few low errors are apart from the many high ones.
    assert found.low == pytest.approx(center - half, rel=0.1)
    assert found.high == pytest.approx(center + half, rel=0.1)


@given(st.floats(-4, 4), st.floats(-3, 3).filter(lambda skew: abs(skew) > 1e-3))
def test_the_transformation_is_inverted(point: float, skew: float) -> None:
    x = float(_untransformed(np.array([point]), np.array([skew]))[0])

    a = skew / 3
    assert x + a * x**2 + a**2 * x**3 / 3 + skew / 6 == pytest.approx(point, abs=1e-6)


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=2, max_size=6), min_size=1, max_size=4))
def test_a_census_has_no_error(errors: list[list[float]]) -> None:
    parts = [np.array(part) for part in errors]
    everything = float(np.concatenate(parts).mean())

    found = means(_spread([len(part) for part in parts], parts))[0]

    assert (found.value, found.low, found.high) == pytest.approx((everything,) * 3)
    assert found.low == found.high


@given(st.lists(st.lists(st.floats(0, 1e3), min_size=2, max_size=9), min_size=1, max_size=4))
def test_limits_enclose_the_value(errors: list[list[float]]) -> None:
    parts = [np.array(part) for part in errors]

    found = means(_spread([100 + len(part) for part in parts], parts))[0]

    assert found.value is not None
    if found.low is not None and found.high is not None:
        assert 0 <= found.low <= found.value <= found.high


@pytest.mark.parametrize("errors", [[3.0], [3.0, 3.0, 3.0]])
def test_errors_that_do_not_vary_say_nothing_of_others(errors: list[float]) -> None:
    assert means(_spread([100], [np.array(errors)]))[0] == Interval(3, None, None)


def test_without_an_answer_nothing_is_known() -> None:
    assert means(_spread([100], [np.zeros(0)]))[0] == Interval(None, None, None)


def test_rmse_is_the_root_of_the_mean_square_and_its_limits() -> None:
    squares = Intervals(np.array([9.0]), np.array([4.0]), np.array([np.nan]))

    assert roots(squares)[0] == Interval(3, 2, None)


@pytest.mark.parametrize("power, least", [(1, 0.92), (2, 0.88)])
def test_skewed_errors_are_covered(power: int, least: float) -> None:
    """Lognormal errors (sigma .8) in 10 strata, 200 answers: the mean and the mean square.

    Student's interval covers 94 % and 83 %.
    """
    rng = np.random.default_rng(5)
    population = np.exp(rng.normal(0, 0.8, (10, 2_000))) * np.linspace(1, 4, 10)[:, None]
    truth, hits = (population**power).mean(), 0
    for _ in range(400):
        drawn = rng.permuted(population, axis=1)[:, :20] ** power
        found = means(_spread([2_000] * 10, list(drawn)))
        hits += int(found.low[0] <= truth <= found.high[0])

    assert hits / 400 >= least
