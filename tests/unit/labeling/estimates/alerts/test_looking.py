from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from labeling.estimates.alerts import (
    CLEAR,
    CROSSED,
    ERROR,
    UNKNOWN,
    Watch,
    WatchedLine,
    listed,
    looks,
)
from labeling.estimates.bounds import bounds
from labeling.estimates.estimate import Estimate
from labeling.formulas.intervals import Interval, wilson
from labeling.formulas.recall_and_f1 import ClassShares
from pipelines.job.sections import AlertLook, Batches
from pipelines.job.sections import AlertRule as Line
from tests.benchmarks import alert_years, heavy_tails, listed_metrics, lost_classes

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


def _looked(*estimates: Estimate, lines: tuple[Line, ...] = (_line(),)) -> list[WatchedLine]:
    return looks(estimates, Watch(lines, AlertLook(), Batches(by="day")), at=_NOW)[0]


def _fired(*estimates: Estimate, lines: tuple[Line, ...] = (_line(),)) -> list[WatchedLine]:
    return [one for one in _looked(*estimates, lines=lines) if one.state == CROSSED]


def test_a_line_that_was_surely_crossed_fires() -> None:
    (found,) = _fired(_estimate(60, 100))

    assert (found.metric, found.window, found.value, found.limit) == (
        "accuracy",
        "2026-W47",
        0.6,
        0.9,
    )
    assert found.value is not None
    assert found.bound is not None
    assert found.value < found.bound < 0.9
    assert found.message == (
        "accuracy below 0.9 in week 2026-W47: at most 0.7462 (0.6 from 100 answers), below the line 0.9"
    )


def test_a_value_below_the_line_is_not_enough() -> None:
    assert not _fired(_estimate(86, 100))


def test_the_bound_is_exact_at_5_percent_over_the_weeks_of_a_year() -> None:
    (found,) = _fired(_estimate(60, 100))

    _, high = proportion_confint(60, 100, 2 * ERROR / 53, "beta")
    assert found.bound == pytest.approx(high)


def test_more_lines_share_the_error() -> None:
    one = _fired(_estimate(60, 100))[0].bound
    two = _fired(_estimate(60, 100), lines=(_line(), _line(cohort="area=north")))[0].bound

    assert one is not None
    assert two is not None
    assert two > one


def test_an_open_window_is_not_looked_at() -> None:
    assert not _fired(_estimate(60, 100, window="2026-W49"))


def test_a_window_whose_batches_settle_is_not_looked_at() -> None:
    """Half a week would be a look of its own, and the year has no room for it."""
    late = Batches(by="day", settle=24 * 9)  # the week ended eight days ago

    (found,) = looks([_estimate(60, 100)], Watch([_line()], AlertLook(), late), at=_NOW)[0]

    assert (found.state, found.reason) == (UNKNOWN, "the window is not over")


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
    assert alert.message.startswith("f1 of 'late' below 0.9")


def test_the_versions_of_a_window_are_not_looked_at_one_by_one() -> None:
    both = _estimate(180, 200, version=None)
    bad = _estimate(20, 100, version="v2", rows=5_000)

    assert not _fired(bad, both)


def test_a_line_above_fires_when_the_metric_is_surely_higher() -> None:
    line = _line(metric="mae", below=None, above=1.0)
    found = _estimate(60, 100, metric="mae", value=2.0, low=1.8, high=2.3)

    (alert,) = _fired(found, lines=(line,))

    assert alert.bound is not None
    assert 1 < alert.bound < 1.8
    assert "at least" in alert.message


def test_what_is_unknown_fires_nothing() -> None:
    unknown = _estimate(60, 100, value=None, low=0.0, high=1.0)

    assert not _fired(unknown)


def test_a_census_is_judged_as_it_is() -> None:
    assert len(_fired(_estimate(60, 100, value=0.89, low=0.89, high=0.89))) == 1


def test_the_bound_of_an_error_is_its_interval_lengthened() -> None:
    found = _estimate(60, 100, metric="mae", value=2.0, low=1.8, high=2.3)

    assert bounds(found, 0.025).high == pytest.approx(2.3)
    assert bounds(found, 0.001).low == pytest.approx(
        2 - 0.2 * stats.t.ppf(0.999, 99) / stats.t.ppf(0.975, 99)
    )


def test_a_line_that_an_error_should_not_fall_below_is_refused() -> None:
    """A tail that was not drawn shows in no answer: 13 to 88 % of years had a false alarm."""
    found = _estimate(60, 100, metric="rmse", value=2.0, low=1.8, high=2.3)

    (alert,) = _looked(found, lines=(_line(metric="rmse", below=5.0),))

    assert (alert.state, alert.bound) == (UNKNOWN, None)
    assert "a tail that was not drawn shows in no answer" in alert.reason


def test_an_unreliable_error_is_never_surely_not_above_a_line() -> None:
    thin = _estimate(60, 100, metric="mae", value=2.0, low=1.8, high=2.3)
    line = _line(metric="mae", below=None, above=5.0)

    (clear,) = _looked(thin, lines=(line,))
    (unknown,) = _looked(replace(thin, reliable=False), lines=(line,))

    assert (clear.state, unknown.state) == (CLEAR, UNKNOWN)
    assert "nothing bounds errors from above" in unknown.reason


def test_a_line_is_clear_where_the_metric_is_surely_on_the_good_side() -> None:
    (found,) = _looked(_estimate(98, 100), lines=(_line(below=0.8),))

    assert found.state == CLEAR
    assert found.reason == "at least 0.8921 (0.98 from 100 answers)"


def test_an_interval_that_holds_the_line_cannot_tell() -> None:
    (found,) = _looked(_estimate(90, 100))

    assert found.state == UNKNOWN
    assert found.reason.startswith("the answers leave room on both sides: at least 0.7")


def test_a_line_that_nobody_was_asked_about_is_listed() -> None:
    (found,) = _looked()

    assert (found.state, found.window) == (UNKNOWN, None)
    assert found.message == (
        "accuracy below 0.9 in week (none yet): nobody was asked about any row of it yet"
    )


def _of_class(predicted: float, right: Interval, missed: Interval, **more: Any) -> Estimate:
    rests_on = ClassShares(right, missed, predicted)
    shape = {"metric": "recall", "class_": "late", "value": None, "low": 0.0, "rests_on": rests_on}
    return _estimate(60, 100, **(shape | more))


def _share(right: int, answers: int) -> Interval:
    return wilson(np.array([right / answers]), np.array([float(answers)]))[0]


def test_a_model_that_stopped_finding_a_class_fires_on_the_first_row_of_it() -> None:
    line = _line(**{"metric": "recall", "class": "late", "below": 0.5})
    never = _of_class(0.0, Interval(None, 0, 1), _share(1, 100), high=0.0)
    rarely = _of_class(0.001, _share(0, 2), _share(5, 98), high=0.1)

    for found in (never, rarely):
        (alert,) = _fired(found, lines=(line,))
        assert "no single figure" in alert.message or "0 from" in alert.message


@pytest.mark.parametrize(("prevalence", "answers"), [(0.05, 100), (0.02, 150), (0.01, 300)])
def test_90_of_100_first_weeks_tell_that_a_class_is_not_found_any_more(
    prevalence: float, answers: int
) -> None:
    rng = np.random.default_rng(1)
    line = _line(**{"metric": "recall", "class": "late", "below": 0.5})
    missed = rng.binomial(answers, prevalence, 1_000)

    fired = [
        bool(
            _fired(
                _of_class(0.0, Interval(None, 0, 1), _share(many, answers), high=high),
                lines=(line,),
            )
        )
        for many in missed.tolist()
        for high in [0.0 if many else 1.0]
    ]

    assert np.mean(fired) >= 0.9


def _half(window: str = "2026-W47", answered: int = 50) -> Estimate:
    return _estimate(answered * 6 // 10, answered, n_asked=100, window=window)


def test_a_window_waits_for_its_answers() -> None:
    """It closed two days before; 90 % of the answers or a week later it is looked at."""
    soon = datetime(2026, 11, 25, tzinfo=UTC)
    watch = Watch([_line()], AlertLook(), Batches(by="day"))

    (waits,), none = looks([_half()], watch, at=soon)
    (enough,), _ = looks([_half(answered=90)], watch, at=soon)
    (over,), _ = looks([_half()], watch, at=_NOW)

    assert (waits.state, waits.looked_at, none) == (UNKNOWN, None, [])
    assert waits.reason == (
        "50 of 100 questions are answered; it is looked at with 90% of the answers, "
        "or on 2026-11-30 00:00 UTC"
    )
    assert enough.state == over.state == CROSSED


def test_a_window_without_any_answer_is_not_looked_at() -> None:
    nobody = _estimate(0, 1, value=None, low=0.0, high=1.0, n_asked=100, n_answered=0)

    (found,), fresh = looks([nobody], Watch([_line()], AlertLook(), Batches()), at=_NOW)

    assert (found.reason, fresh) == ("none of 100 questions is answered", [])


def test_a_batch_without_a_time_waits_after_its_last_answer() -> None:
    found = replace(_half("north"), period="batch")
    watch = Watch([_line(period="batch")], AlertLook(after="12h"), Batches())

    (before,), _ = looks([found], watch, at=_NOW + timedelta(hours=11))
    (after,), _ = looks([found], watch, at=_NOW + timedelta(hours=12))

    assert (before.state, after.state) == (UNKNOWN, CROSSED)


def test_a_window_is_looked_at_once() -> None:
    """Whatever answers arrive later: the look stands."""
    watch = Watch([_line()], AlertLook(), Batches(by="day"))
    _, fresh = looks([_estimate(90, 100)], watch, at=_NOW)

    (later,), none = looks([_estimate(300, 500)], watch, past=fresh, at=_NOW)

    assert (later.state, later.value, none) == (UNKNOWN, 0.9, [])


def test_another_limit_is_another_line() -> None:
    watch = Watch([_line()], AlertLook(), Batches(by="day"))
    _, fresh = looks([_estimate(60, 100)], watch, at=_NOW)
    other = replace(watch, lines=[_line(below=0.95)])

    _, again = looks([_estimate(60, 100)], other, past=fresh, at=_NOW)

    assert [one.limit for one in again] == [0.95]


def test_without_taking_looks_a_window_that_is_due_is_unknown() -> None:
    watch = Watch([_line()], AlertLook(), Batches(by="day"))

    (found,), fresh = looks([_estimate(60, 100)], watch, at=_NOW, take=False)

    assert (found.state, fresh) == (UNKNOWN, [])
    assert found.reason.startswith("it is due")


def test_what_is_listed_is_crossed_or_the_newest_look_of_its_line() -> None:
    weeks = [f"2026-W{week}" for week in (43, 44, 45, 46)]
    rights = (60, 98, 60, 90)
    found = _looked(
        *(_estimate(right, 100, window=week) for right, week in zip(rights, weeks, strict=True)),
        _estimate(60, 100, window="2026-W49"),
    )

    kept = listed(found)

    assert [(one.window, one.state) for one in kept] == [
        ("2026-W43", CROSSED),
        ("2026-W45", CROSSED),
        ("2026-W46", UNKNOWN),
    ]


def test_less_than_5_of_100_years_have_a_false_alarm() -> None:
    """A model that is exactly as good as the line, looked at every week."""
    rng = np.random.default_rng(3)
    rights = np.unique(rng.binomial(100, 0.9, (2_000, 53)), return_inverse=True)
    fires = np.array([bool(_fired(_estimate(int(right), 100))) for right in rights[0]])

    years = fires[rights[1]].reshape(2_000, 53).any(axis=1)

    assert 0 < years.mean() < 0.05


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
    tails = heavy_tails.tails_of_errors(rng, 20_000)

    for errors in tails.values():
        found = alert_years.error_years(rng, _YEARS // 3, errors, metric, side)
        assert found.mean() <= 0.05


@pytest.mark.parametrize(("prevalence", "answers"), [(0.05, 100), (0.1, 100), (0.02, 150)])
def test_9_of_10_first_weeks_see_that_a_class_is_lost(prevalence: float, answers: int) -> None:
    rng = np.random.default_rng(1)

    assert lost_classes.lost_class(rng, 500, prevalence, answers, 0.0) >= 0.9


@pytest.mark.parametrize(
    "metric, side, crossed, held",
    [
        ("roc_auc", "below", 0.98, 0.85),
        ("balanced_accuracy", "below", 0.98, 0.85),
        ("mcc", "below", 0.98, 0.85),
        ("log_loss", "above", 0.7, 0.88),
        ("brier", "above", 0.7, 0.88),
    ],
)
def test_a_listed_metric_is_held_against_its_bad_side(
    metric: str, side: str, crossed: float, held: float
) -> None:
    """A figure of .9, from .86 to .93."""
    one = replace(_estimate(270, 300), metric=metric, low=0.86, high=0.93)

    for limit, fires in ((crossed, True), (held, False)):
        [line] = _looked(one, lines=(Line.model_validate({"metric": metric, side: limit}),))
        assert (line.state == CROSSED) == fires, (metric, limit, line)


@pytest.mark.parametrize("answers", [100, 400])
def test_the_bounds_of_metrics_of_scores_are_safe_at_the_error_of_an_alert(answers: int) -> None:
    """One in 1,000 may lie beyond; where classes look like another, too."""
    error, batch = ERROR / 52, listed_metrics.SCORED[7].made()
    sides = {"roc_auc": "high", "average_precision": "high", "log_loss": "low", "brier": "low"}
    found, truth = listed_metrics.replayed(batch, answers, 250, tuple(sides))
    beyond = 0
    for (metric, name), parts in found.items():
        for value, low, high in parts.T.tolist():
            point = None if np.isnan(value) else value
            one = replace(
                _estimate(1, 1),
                metric=metric,
                class_=name,
                value=point,
                low=low,
                high=high,
                n_answered=answers,
                rows_covered=20_000,
            )
            reach = bounds(one, error)
            end = reach.high if sides[metric] == "high" else reach.low
            right = truth[metric, name]
            beyond += end is not None and (end < right if sides[metric] == "high" else end > right)

    assert beyond <= 5  # of 2,000
