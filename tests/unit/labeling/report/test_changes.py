from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from labeling.estimates.estimate import Estimate
from labeling.formulas.intervals import wilson
from labeling.report.changes import changes
from tests.fixtures.report_data import estimate


@cache
def _week(right: int, answers: int = 300, week: int = 40) -> Estimate:
    limits = wilson(np.array([right / answers]), np.array([float(answers)]))[0]
    return estimate(
        "week",
        f"2026-W{week}",
        value=limits.value,
        low=limits.low,
        high=limits.high,
        n_asked=answers,
        n_answered=answers,
        rows=10_000,
    )


def test_a_week_that_fell_far_is_told_with_the_limits_of_the_difference() -> None:
    """From .9 to .7 with 300 answers a week: the difference is .2, give or take .1."""
    weeks = [_week(270, week=40), _week(268, week=41), _week(272, week=42), _week(210, week=43)]

    (found,) = changes(weeks)

    assert found.estimate.window == "2026-W43"
    assert found.before == pytest.approx(0.9)
    assert -0.32 < found.low < -0.2 < found.high < -0.08


def test_the_lowest_of_many_weeks_is_no_change() -> None:
    """About 4 of 100 series without a change show one, however many weeks they have, and not most of them."""
    rng = np.random.default_rng(1)

    for weeks in (4, 20):
        series = rng.binomial(300, 0.85, (600, weeks)).tolist()
        found = [bool(changes([_week(right) for right in one])) for one in series]
        assert np.mean(found) <= 0.06


def test_one_window_and_unknown_ones_show_no_change() -> None:
    nothing = estimate(value=None, low=None, high=None)

    assert changes([_week(270)]) == []
    assert changes([nothing, _week(270), nothing]) == []
