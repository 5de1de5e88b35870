"""Years of alerts, in short; `make bench-coverage` measures them in full."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks import alert_years

_YEARS = 60


@pytest.mark.parametrize("lines", [1, alert_years.COHORTS])
@pytest.mark.parametrize("line", [0.8, 0.9, 0.95])
def test_few_years_have_a_false_alarm_on_accuracy(lines: int, line: float) -> None:
    """One look a week, as soon as nine of ten questions are answered."""
    found = alert_years.accuracy_years(np.random.default_rng(1), 4 * _YEARS, lines, line)

    assert found.mean() <= 0.06


def test_a_look_at_every_run_would_raise_many() -> None:
    """So the one look a window is what keeps the error."""
    found = alert_years.every_run_years(np.random.default_rng(1), _YEARS, 1, 0.9)

    assert found.mean() > 0.12


@pytest.mark.parametrize("prevalence", [0.05, 0.2])
def test_few_years_have_a_false_alarm_on_recall(prevalence: float) -> None:
    assert alert_years.recall_years(np.random.default_rng(1), _YEARS, prevalence).mean() <= 0.05


@pytest.mark.parametrize("metric", ["mae", "rmse"])
@pytest.mark.parametrize("side", ["above", "below"])
def test_few_years_have_a_false_alarm_on_errors_with_a_tail(metric: str, side: str) -> None:
    """A line below is refused, because a tail that was not drawn shows in no answer."""
    rng = np.random.default_rng(1)
    tails = alert_years.tails_of_errors(rng, 20_000)

    for errors in tails.values():
        found = alert_years.error_years(rng, _YEARS // 3, errors, metric, side)
        assert found.mean() <= 0.05


@pytest.mark.parametrize(("prevalence", "answers"), [(0.05, 100), (0.1, 100), (0.02, 150)])
def test_9_of_10_first_weeks_see_that_a_class_is_lost(prevalence: float, answers: int) -> None:
    rng = np.random.default_rng(1)

    assert alert_years.lost_class(rng, 500, prevalence, answers, 0.0) >= 0.9
