"""Short forms of the cells of `make bench-coverage`: a tenth of their replays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from tests.benchmarks import (
    alert_days,
    begun_batches,
    cohorts_no_strata,
    informative_gaps,
    labeler_errors,
    listed_metrics,
    lost_classes,
    nearly_full,
    rare_classes,
    small_strata,
    top_ups,
)
from tests.benchmarks.measures import Goal, Row
from tests.benchmarks.populations import Recipe, named, rare_class

_REPLAYS = 250


def _of_cohorts(replays: int) -> Sequence[Row]:
    return cohorts_no_strata.of_batches(named([Recipe(7, 0.88, (0.6, 0.4))]), replays)


def _of_a_rare_class(replays: int) -> Sequence[Row]:
    """A class of 5 %, once with probabilities that are right and once with a model that is too sure."""
    batches = {
        "calibrated": rare_classes.RareClass(8, 0.05, 3.0),
        "too sure": rare_classes.RareClass(9, 0.05, 3.0, stretch=1.6),
    }
    rows = rare_classes.of_batches(batches, replays)
    return [row for row in rows if "mean coverage" not in row.name]  # of two cells, chance


def _of_top_ups(_: int) -> Sequence[Row]:
    batch, wanted = rare_class(5, 0.7, 0.9), [("f1", "rare"), ("accuracy", None)]
    return top_ups.of_batch("a class of 1 %", batch, wanted, 60)


def _of_gaps(replays: int) -> Sequence[Row]:
    return informative_gaps.of_recipes([Recipe(8, 0.88, rows=5_000)], [100], replays)


@pytest.mark.parametrize(
    "cell",
    [
        begun_batches.covered,
        begun_batches.wrong_answers,
        small_strata.lengths,
        _of_cohorts,
        _of_a_rare_class,
        _of_top_ups,
        lost_classes.first_weeks,
        alert_days.three_beyond,
        labeler_errors.cells()[0].rows,
        _of_gaps,
        nearly_full.cells()[0].rows,
        partial(listed_metrics.scores, listed_metrics.SCORED[5], budgets=(200,)),
        partial(listed_metrics.scores, listed_metrics.SCORED[8], budgets=(100,)),
        partial(listed_metrics.averages, listed_metrics.RECIPES[0], budgets=(200,)),
        partial(listed_metrics.points, 0.1, budgets=(200,)),
    ],
)
def test_short_replays_reach_the_goals(cell: Callable[[int], Sequence[Row]]) -> None:
    """Within what chance leaves of a coverage."""
    missed = []
    for row in cell(_REPLAYS):
        if row.goal is None or row.goal.is_try:
            continue
        spread = math.sqrt(row.goal.bound * (1 - row.goal.bound) / _REPLAYS) if row.coverage else 0
        if not row.goal.holds(row.measured + 3 * spread if row.goal.at_least else row.measured):
            missed.append((row.name, row.measured, str(row.goal)))
    assert missed == []


def test_the_bench_tells_a_goal_that_was_missed() -> None:
    goal = Goal(0.9)

    assert Row("a", "b", 0.89, goal).failed
    assert not Row("a", "b", 0.9, goal).failed
    assert not Row("a", "b", 0.89, Goal(0.9, is_try=True)).failed
