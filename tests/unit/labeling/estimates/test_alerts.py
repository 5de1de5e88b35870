from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from labeling.estimates.alerts import ERROR, Alert, alerts, bound
from labeling.estimates.estimate import Estimate
from labeling.formulas.intervals import wilson
from pipelines.job.sections import AlertRule as Line
from pipelines.job.sections import Batches

_NOW = datetime(2026, 12, 1, tzinfo=UTC)


def _estimate(right: int, answers: int, **more: Any) -> Estimate:
    """Return the accuracy of week 47 from a simple random sample."""
    value = right / answers
    limits = wilson(np.array([value]), np.array([float(answers)]))
    found = Estimate(
        metric="accuracy",
        class_=None,
        value=value,
        low=float(limits.low[0]),
        high=float(limits.high[0]),
        stderr=None,
        value_if_missing_wrong=None,
        value_if_missing_right=None,
        cohort=None,
        period="week",
        window="2026-W47",
        version="v1",
        rows=10_000,
        rows_covered=10_000,
        n_asked=answers,
        n_answered=answers,
        as_of=_NOW,
    )
    return replace(found, **more)


def _line(**more: Any) -> Line:
    return Line.model_validate({"metric": "accuracy", "below": 0.9} | more)


def _fired(*estimates: Estimate, lines: tuple[Line, ...] = (_line(),)) -> list[Alert]:
    return alerts(estimates, lines, at=_NOW, batches=Batches(by="day"))


def test_a_line_that_was_surely_crossed_fires() -> None:
    (found,) = _fired(_estimate(60, 100))

    assert (found.metric, found.window, found.value, found.limit) == (
        "accuracy",
        "2026-W47",
        0.6,
        0.9,
    )
    assert found.value < found.bound < 0.9
    assert found.message == (
        "accuracy in week 2026-W47 is at most 0.7462 (0.6 from 100 answers), below the line 0.9"
    )


def test_a_value_below_the_line_is_not_enough() -> None:
    assert not _fired(_estimate(86, 100))


def test_the_bound_is_exact_at_5_percent_over_the_weeks_of_a_year() -> None:
    (found,) = _fired(_estimate(60, 100))

    _, high = proportion_confint(60, 100, 2 * ERROR / 53, "beta")
    assert found.bound == pytest.approx(high)


def test_more_lines_share_the_error() -> None:
    one = _fired(_estimate(60, 100))[0]
    two = _fired(_estimate(60, 100), lines=(_line(), _line(cohort="area=north")))[0]

    assert two.bound > one.bound


def test_an_open_window_is_not_looked_at() -> None:
    assert not _fired(_estimate(60, 100, window="2026-W49"))


def test_a_window_whose_batches_settle_is_not_looked_at() -> None:
    """Half a week would be a look of its own, and the year has no room for it."""
    late = Batches(by="day", settle=24 * 9)  # the week ended eight days ago

    assert alerts([_estimate(60, 100)], [_line()], at=_NOW, batches=late) == []


def test_a_batch_without_a_time_is_never_open() -> None:
    found = _estimate(60, 100, period="batch", window="north")

    assert len(_fired(found, lines=(_line(period="batch"),))) == 1


@pytest.mark.parametrize(
    "more", [{"cohort": "area=north"}, {"metric": "f1", "class_": "late"}, {"period": "month"}]
)
def test_a_line_watches_only_its_own_metric_cohort_and_period(more: dict[str, Any]) -> None:
    assert not _fired(_estimate(60, 100, **more))


def test_a_line_of_a_class_watches_that_class() -> None:
    found = _estimate(60, 100, metric="f1", class_="late")
    line = _line(**{"metric": "f1", "class": "late"})

    (alert,) = _fired(found, lines=(line,))

    assert alert.record()["class"] == "late"
    assert "f1 of 'late'" in alert.message


def test_the_versions_of_a_window_are_not_looked_at_one_by_one() -> None:
    both = _estimate(180, 200, version=None)
    bad = _estimate(20, 100, version="v2", rows=5_000)

    assert not _fired(bad, both)


def test_a_line_above_fires_when_the_metric_is_surely_higher() -> None:
    line = _line(metric="mae", below=None, above=1.0)
    found = _estimate(60, 100, metric="mae", value=2.0, low=1.8, high=2.3)

    (alert,) = _fired(found, lines=(line,))

    assert 1 < alert.bound < 1.8
    assert "at least" in alert.message


def test_what_is_unknown_fires_nothing() -> None:
    unknown = _estimate(60, 100, value=None, low=0.0, high=1.0)

    assert not _fired(unknown)


def test_a_census_is_judged_as_it_is() -> None:
    assert len(_fired(_estimate(60, 100, value=0.89, low=0.89, high=0.89))) == 1


def test_the_bound_of_an_error_is_its_interval_lengthened() -> None:
    found = _estimate(60, 100, metric="mae", value=2.0, low=1.8, high=2.3)

    assert bound(found, 0.025, upper=True) == pytest.approx(2.3)
    assert bound(found, 0.001, upper=False) == pytest.approx(
        2 - 0.2 * stats.t.ppf(0.999, 99) / stats.t.ppf(0.975, 99)
    )


def test_less_than_5_of_100_years_have_a_false_alarm() -> None:
    """A model that is exactly as good as the line, looked at every week."""
    rng = np.random.default_rng(3)
    rights = np.unique(rng.binomial(100, 0.9, (2_000, 53)), return_inverse=True)
    fires = np.array([bool(_fired(_estimate(int(right), 100))) for right in rights[0]])

    years = fires[rights[1]].reshape(2_000, 53).any(axis=1)

    assert 0 < years.mean() < 0.05
