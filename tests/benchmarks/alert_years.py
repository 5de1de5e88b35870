"""Cells: how many years of alerts have a false alarm.

A year is 53 weeks of a model that is exactly as good as its line, so that every
alarm is false. Of each week 300 rows are asked about, and `recheck run` is
called 30 times while the answers come in. Each week gets its one look, through
the product's `looks`; beside it stands what a look at every run would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from labeling.formulas.answered_strata import AnsweredStrata, strata
from labeling.formulas.mean_errors import Spread, means, roots
from labeling.formulas.recall_and_f1 import ClassShares, recall
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Floats, Int64s
from tests.benchmarks.alert_looks import (
    ASKED,
    ESTIMATE,
    ROWS,
    fires,
    of_class,
    rule,
    stratum,
    with_interval,
)
from tests.benchmarks.heavy_tails import tails_of_errors
from tests.benchmarks.measures import Cell, Goal, Row

WEEKS, RUNS, COHORTS = 53, 30, 20
_TOPIC = "years with a false alarm"
_PARTS = 10  # of the years, lest their errors fill the memory
_MOST = Goal(0.05, at_least=False)


def cells() -> list[Cell]:
    """Return the cells: half as many years as replays, and for accuracy ten times as many."""
    return [
        Cell("alerts on accuracy", _of_accuracy),
        Cell("a look at every run", _of_every_run),
        Cell("alerts on recall", _of_recall),
        *(Cell(f"alerts on {metric}", partial(_of_errors, metric)) for metric in ("mae", "rmse")),
    ]


def _row(name: str, years: Bools, goal: Goal | None = _MOST) -> Row:
    return Row(_TOPIC, f"{name}, {len(years):,} years", float(years.mean()), goal)


def _of_accuracy(replays: int) -> Sequence[Row]:
    rng = np.random.default_rng(2026)
    return [
        _row(
            f"accuracy exactly at its line {line}, {lines} {'cohorts' if lines > 1 else 'line'}, {RUNS} runs a week",
            np.concatenate([accuracy_years(rng, replays, lines, line) for _ in range(_PARTS)]),
        )
        for line in (0.8, 0.9, 0.95)
        for lines in (1, COHORTS)
    ]


def _of_every_run(replays: int) -> Sequence[Row]:
    rng = np.random.default_rng(2027)
    years = max(replays // 10, 2)
    return [
        _row(
            f"not what is done: a look at each of {RUNS} runs a week, {lines} lines",
            every_run_years(rng, years, lines, 0.9),
            None,
        )
        for lines in (1, COHORTS)
    ]


def _of_recall(replays: int) -> Sequence[Row]:
    rng = np.random.default_rng(2028)
    return [
        _row(
            f"recall exactly at its line .5, class of {prevalence:.0%}",
            recall_years(rng, replays // 2, prevalence),
        )
        for prevalence in (0.05, 0.2)
    ]


def _of_errors(metric: str, replays: int) -> Sequence[Row]:
    rng = np.random.default_rng(2029)
    return [
        _row(
            f"{metric.upper()} exactly at its line, alert {side} it, {name}",
            np.concatenate(
                [error_years(rng, replays // 20, errors, metric, side) for _ in range(_PARTS)]
            ),
        )
        for name, errors in tails_of_errors(rng, 20_000).items()
        for side in ("above", "below")
    ]


@cache
def share_fires(right: int, answers: int, lines: int, line: float) -> bool:
    """Say whether an alert on accuracy fires, with so many lines in the job."""
    found = shares(strata([ROWS], [answers], [right]))[0]
    watched = [rule(below=line), *(rule(below=line, cohort=f"a={n}") for n in range(1, lines))]
    return fires(with_interval(ESTIMATE, found, answers), watched)


def accuracy_years(rng: np.random.Generator, years: int, lines: int, line: float) -> Bools:
    """Return which years have a false alarm on accuracy, one look a week: (Y,).

    The answers of a week are shared by the lines, which watch one cohort each.
    """
    return _any(_accuracy(rng, (years, WEEKS, lines), lines, line))


def every_run_years(rng: np.random.Generator, years: int, lines: int, line: float) -> Bools:
    """Return the same, if every run of `recheck` were a look: (Y,)."""
    each = ASKED // lines
    arrived = np.maximum(np.arange(1, RUNS + 1) * each // RUNS, 1)
    rights = rng.random((years, WEEKS, lines, each)) < line
    sums = rights.cumsum(axis=3)[:, :, :, arrived - 1]
    return _any(_fired(sums, np.broadcast_to(arrived, sums.shape), lines, line))


def _any(fired: Bools) -> Bools:
    """Say of each year whether anything fired in it: (Y,)."""
    return np.asarray(fired.reshape(len(fired), -1).any(axis=1), np.bool_)


def _accuracy(
    rng: np.random.Generator, shape: tuple[int, int, int], lines: int, line: float
) -> Bools:
    each = ASKED // lines
    enough = int(np.ceil(0.9 * each))
    answers = np.minimum(enough + rng.integers(0, each // RUNS + 1, shape), each)
    return _fired(rng.binomial(answers, line), answers, lines, line)


def _fired(right: Int64s, answers: Int64s, lines: int, line: float) -> Bools:
    pairs, place = np.unique(right * 1_000 + answers, return_inverse=True)
    fired = [share_fires(int(pair) // 1_000, int(pair) % 1_000, lines, line) for pair in pairs]
    return np.array(fired)[place].reshape(right.shape)


def recall_years(rng: np.random.Generator, years: int, prevalence: float) -> Bools:
    """Return which years have a false alarm on a recall of .5, exactly at its line: (Y,).

    Half of the class is predicted as it, and half of what is predicted is right.
    """
    predicted = prevalence
    inside = max(2, round(ASKED * predicted))
    sides = (
        (inside, rng.binomial(inside, 0.5, years * WEEKS), predicted),
        (
            ASKED - inside,
            rng.binomial(ASKED - inside, prevalence / 2 / (1 - predicted), years * WEEKS),
            1 - predicted,
        ),
    )
    right, missed = (stratum(ROWS * rows, many, found) for many, found, rows in sides)
    line = [rule("recall", **{"class": "rare", "below": 0.5})]
    ratios = recall(right, missed, np.full(years * WEEKS, predicted))
    pairs = sides[0][1] * 1_000 + sides[1][1]
    _, first, place = np.unique(pairs, return_index=True, return_inverse=True)
    fired = [
        fires(
            of_class(
                ratios[week], ClassShares(right[week], missed[week], predicted, float(inside))
            ),
            line,
        )
        for week in first.tolist()
    ]
    return _any(np.array(fired)[place].reshape(years, WEEKS))


def error_years(
    rng: np.random.Generator, years: int, errors: Floats, metric: str, side: str
) -> Bools:
    """Return which years have a false alarm on MAE or RMSE, exactly at its line: (Y,)."""
    strata, each = 5, 60
    power = 1 if metric == "mae" else 2
    truth = float((errors**power).mean() ** (1 / power))
    parts = np.array_split(errors, strata)
    weeks = years * WEEKS
    drawn = np.stack([part[rng.integers(0, len(part), (weeks, each))] for part in parts], axis=1)
    found = means(spread_of(drawn**power, len(errors)))
    found = roots(found) if power == 2 else found
    line = [rule(metric, **{side: truth})]
    fired = [
        fires(with_interval(replace(ESTIMATE, metric=metric), found[week], strata * each), line)
        for week in range(weeks)
    ]
    return _any(np.array(fired).reshape(years, WEEKS))


def spread_of(errors: Floats, rows: int) -> Spread:
    """Return the errors of replays as strata: from (R, H, n), each replay being a group."""
    replays, strata, n = errors.shape
    count = np.full(replays * strata, float(n))
    away = errors - errors.mean(axis=2, keepdims=True)
    third = (away**3).mean(axis=2) * n**2 / ((n - 1) * (n - 2))
    means_of = errors.mean(axis=2).ravel()
    group = np.repeat(np.arange(replays), strata)
    size = np.full(replays * strata, rows / strata)
    sums = errors.sum(axis=2).ravel()
    answered = AnsweredStrata(size, count, count, means_of, sums, group, replays)
    return Spread(answered, errors.var(axis=2, ddof=1).ravel(), third.ravel())
