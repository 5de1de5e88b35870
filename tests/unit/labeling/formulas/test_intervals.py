from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from statsmodels.stats.proportion import proportion_confint

from labeling.formulas.intervals import (
    Interval,
    Intervals,
    effective_answers,
    exact_bound,
    quotient,
    wilson,
)

_SHARES = st.floats(0.01, 0.99)


def _one(value: float, low: float, high: float) -> Intervals:
    return Intervals(*(np.array([part]) for part in (value, low, high)))


@given(st.integers(1, 2_000), st.data())
def test_wilson_agrees_with_statsmodels(answers: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, answers))

    found = wilson(np.array([right / answers]), np.array([float(answers)]))[0]

    low, high = proportion_confint(right, answers, 0.05, "wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_infinitely_many_answers_leave_no_error() -> None:
    assert wilson(np.array([0.7]), np.array([np.inf]))[0] == Interval(0.7, 0.7, 0.7)


def test_an_unknown_share_lies_anywhere_between_0_and_1() -> None:
    assert wilson(np.array([np.nan]), np.array([np.inf]))[0] == Interval(None, 0, 1)


def test_stderr_is_the_length_over_3_92() -> None:
    assert Interval(0.5, 0.4, 0.6).stderr == pytest.approx(0.2 / 3.92)


def test_an_interval_without_limits_has_no_stderr() -> None:
    assert Interval(0.5, None, None).stderr is None


@given(
    st.tuples(_SHARES, _SHARES, _SHARES), st.tuples(st.floats(0.05, 1), _SHARES, st.floats(0.01, 1))
)
def test_the_limits_of_a_ratio_are_where_the_difference_may_be_0(
    above: tuple[float, float, float], under: tuple[float, float, float]
) -> None:
    """MOVER's R solves t1 - R t2 = the reach of t1 and R t2 together, in either direction."""
    (top, low1, high1), (bottom, low2, high2) = above, under
    below1, above1 = top * low1, (1 - top) * high1
    below2, above2 = bottom * low2, bottom * high2

    found = quotient(
        _one(top, top - below1, top + above1), _one(bottom, bottom - below2, bottom + above2)
    )[0]

    def lower(ratio: float) -> float:
        return top - ratio * bottom - math.hypot(below1, ratio * above2)

    def upper(ratio: float) -> float:
        return top - ratio * bottom + math.hypot(above1, ratio * below2)

    assert found.value == pytest.approx(top / bottom)
    assert found.low == pytest.approx(brentq(lower, 0, top / bottom), abs=1e-9)
    assert found.high == pytest.approx(brentq(upper, top / bottom, 1e9), rel=1e-6)


def test_a_ratio_has_no_upper_limit_where_its_bottom_may_be_0() -> None:
    assert quotient(_one(0.1, 0.05, 0.2), _one(0.1, 0.0, 0.2))[0].high == math.inf


@given(_SHARES, st.floats(1, 1e6))
def test_an_interval_tells_how_many_answers_it_is_worth(value: float, answers: float) -> None:
    interval = wilson(np.array([value]), np.array([answers]))[0]
    assume(interval.low is not None and interval.high is not None)

    assert effective_answers(value, interval.low or 0, interval.high or 0) == pytest.approx(
        answers, rel=1e-6
    )


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_that_also_holds_where_no_answer_differs(value: float) -> None:
    interval = wilson(np.array([value]), np.array([50.0]))

    assert effective_answers(value, interval.low[0], interval.high[0]) == pytest.approx(50)


def test_no_length_is_worth_a_census_and_full_length_nothing() -> None:
    assert effective_answers(0.5, 0.5, 0.5) == math.inf
    assert effective_answers(0.5, 0, 1) == 0


@given(st.integers(1, 500), st.floats(1e-5, 0.2), st.data())
def test_the_exact_bound_is_clopper_and_pearsons(
    answers: int, error: float, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, answers))
    low, high = proportion_confint(right, answers, 2 * error, "beta")

    value = right / answers

    assert exact_bound(value, answers, error, upper=False) == pytest.approx(low, abs=1e-9)
    assert exact_bound(value, answers, error, upper=True) == pytest.approx(high, abs=1e-9)


def test_the_exact_bound_of_a_census_is_the_truth() -> None:
    assert exact_bound(0.6, math.inf, 0.01, upper=True) == 0.6


def test_an_interval_of_a_few_last_bits_has_no_length() -> None:
    """As a batch has it that was answered whole, whose sums are rounded."""
    value = 0.20000000000000015

    assert effective_answers(value, 0.19999999999999996, value) == math.inf
