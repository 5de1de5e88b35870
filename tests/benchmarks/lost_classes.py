"""Cells: how soon an alert on recall sees that a model stopped finding a class."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.stats import binom

from labeling.estimates.alerts import ERROR
from labeling.formulas.intervals import Interval, Intervals
from labeling.formulas.recall_and_f1 import ClassShares, recall
from labeling.formulas.shares import share
from tests.benchmarks.alert_looks import ROWS, fires, of_class, rule, stratum
from tests.benchmarks.measures import Cell, Goal, Row

_TOPIC = "a class that the model stopped finding"
_PREVALENCES = (0.1, 0.05, 0.02, 0.01)
_STILL = (0.0, 0.0005, 0.001)  # of the rows, predicted as the class, and all wrong
_MANY_STILL = (0.002, 0.005)  # so many that no alert could always see it at 100 answers
_WEEKS = 53  # looks a year, which share its error
_TRIED = (50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 800, 1_000, 1_500, 2_000, 3_000)
_SURE = 0.9  # of first weeks


def cells() -> list[Cell]:
    """Return the cells."""
    return [
        Cell("a lost class: first weeks", first_weeks),
        *(
            Cell(
                f"a lost class of {prevalence:.0%}: from how many answers",
                partial(_from, prevalence),
            )
            for prevalence in _PREVALENCES
        ),
    ]


def first_weeks(replays: int) -> Sequence[Row]:
    """Try weeks of a class of 5 % or more of the rows, with 100 answers or more."""
    rng = np.random.default_rng(2026)
    rows = []
    for prevalence, answers in ((0.05, 100), (0.05, 200), (0.1, 100)):
        for predicted in _STILL:
            found = lost_class(rng, replays, prevalence, answers, predicted)
            name = f"{prevalence:.0%} of the rows, n = {answers}, {_still(predicted)}"
            title = f"{name}: first weeks in which “recall below .5” fires"
            rows.append(Row(_TOPIC, title, found, Goal(_SURE)))
    for predicted in _MANY_STILL:
        found, name = lost_class(rng, replays, 0.05, 100, predicted), _still(predicted)
        title = f"5% of the rows, n = 100, {name}: first weeks in which “recall below .5” fires"
        most = most_weeks(0.05, 100, predicted)
        rows.append(Row(_TOPIC, title, found, Goal(_SURE, is_try=True)))
        rows.append(Row(_TOPIC, f"{title}, the most that any alert of that error could", most))
    return rows


def most_weeks(prevalence: float, answers: int, predicted: float) -> float:
    """Return the share of first weeks in which any alert on recall could see that a class is lost.

    It fires from so many missed rows on that a class whose recall is .5, however many
    of the predicted rows are right, shows as many beside 2 wrong ones within its error.

    Args:
        prevalence: of the class in the rows.
        answers: in the week, 2 of them of rows predicted as the class.
        predicted: the share of rows that are still predicted as it, all wrong.
    """
    others, right = answers - 2, np.linspace(0, 1, 401)
    at_half = right * predicted / (1 - predicted)
    by_chance = [
        ((1 - right) ** 2 * binom.sf(least - 1, others, at_half)).max() for least in range(1, 50)
    ]
    least = 1 + int(np.argmax(np.array(by_chance) <= ERROR / _WEEKS))
    return float(binom.sf(least - 1, others, prevalence / (1 - predicted)))


def _from(prevalence: float, replays: int) -> Sequence[Row]:
    return [
        Row(
            _TOPIC,
            f"{prevalence:.0%} of the rows, {_still(predicted)}: answers from which 90 % of first weeks fire",
            float(first_sure(prevalence, predicted, replays)),
        )
        for predicted in _STILL
    ]


def _still(predicted: float) -> str:
    return f"{predicted:.2%} still predicted as it" if predicted else "none predicted as it"


def lost_class(
    rng: np.random.Generator, weeks: int, prevalence: float, answers: int, predicted: float
) -> float:
    """Return in which share of first weeks an alert on recall sees that a class is lost.

    Args:
        rng: where chance comes from.
        weeks: how many are tried.
        prevalence: of the class in the rows.
        answers: in the week.
        predicted: the share of rows that are still predicted as the class, all
            wrong; 2 of them are asked about, or their part of the answers.

    Returns:
        The share of weeks in which "recall below .5" fires, the only line of its job.
    """
    inside = max(2, round(answers * predicted)) if predicted else 0
    others = answers - inside
    found = rng.binomial(others, prevalence / (1 - predicted), weeks)
    counts, times = np.unique(found, return_counts=True)
    missed = stratum(ROWS * (1 - predicted), others, counts)
    right = share([ROWS * predicted], [inside], [0]) if inside else Interval(None, 0, 1)
    ends = [np.nan if end is None else end for end in (right.value, right.low, right.high)]
    sides = Intervals(*(np.full(len(counts), end) for end in ends))
    ratios = recall(sides, missed, np.full(len(counts), predicted))
    line = [rule("recall", **{"class": "rare", "below": 0.5})]
    fired = [
        fires(
            of_class(ratios[k], ClassShares(right, missed[k], predicted, float(inside)), answers),
            line,
        )
        for k in range(len(counts))
    ]
    return float(np.array(fired) @ times / weeks)


def first_sure(prevalence: float, predicted: float = 0.0, weeks: int = 1_000) -> int:
    """Return from how many answers on 90 % of first weeks see that a class is lost.

    Args:
        prevalence: of the class in the rows.
        predicted: the share of rows still predicted as it, all wrong.
        weeks: that are tried.

    Returns:
        The number; -1 where 3,000 answers are too few.
    """
    rng = np.random.default_rng(1)
    sure = (n for n in _TRIED if lost_class(rng, weeks, prevalence, n, predicted) >= _SURE)
    return next(sure, -1)
