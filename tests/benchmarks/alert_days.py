"""Cells: daily lines, with the rule of three days in a row.

A year is 366 days of a model that is exactly as good as its line, so that every
alarm is false. Beside it stands what the rule is for: how often three days in a row
whose 95 % intervals lie wholly beyond the line fire. A day is judged by the
product's `looks`; the runs of a year are found by arrays, as the product finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np

from labeling.estimates.alerts import CROSSED, Watch, WatchedLine, looks
from labeling.estimates.estimate import Estimate
from labeling.formulas.answered_strata import strata
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Int64s
from pipelines.job.sections import AlertLook, Batches
from tests.benchmarks.alert_looks import ESTIMATE, ROWS, rule, with_interval
from tests.benchmarks.measures import Cell, Goal, Row

DAYS = 366
_FIRST = date(2026, 1, 1)
_AT = datetime(2028, 1, 1, tzinfo=UTC)
_YEARS = 1_000


def cells() -> list[Cell]:
    """Return the cells: 1,000 years each, or a tenth of that in short."""
    return [Cell("daily alerts", false_alarms), Cell("three days beyond", three_beyond)]


def false_alarms(replays: int) -> Sequence[Row]:
    """Return how many years have a false alarm, by answers a day and lines."""
    rng, years = np.random.default_rng(2031), min(replays, _YEARS)
    return [
        Row(
            "years with a false alarm",
            f"accuracy exactly at its line {line}, a daily line, {_lines(lines)}, {answers} answers a day, {years:,} years",
            float(false_years(rng, years, answers, lines, line).mean()),
            Goal(0.05, at_least=False),
        )
        for line in (0.8, 0.9, 0.95)
        for answers in (30, 100, 300)
        for lines in (1, 5)
    ]


def three_beyond(replays: int) -> Sequence[Row]:
    """Return how often three days in a row whose intervals lie wholly beyond the line fire.

    Of one line, and as many answers a day as make 8 wrong ones at the line.
    """
    rng = np.random.default_rng(2032)
    return [
        Row(
            "three days beyond that fire",
            f"accuracy below {line}, {answers} answers a day",
            float(np.mean([_fire(rights, answers, line) for rights in beyond])),
            Goal(1.0),
        )
        for line, answers in ((0.8, 40), (0.8, 100), (0.9, 80), (0.9, 300), (0.95, 160))
        for beyond in [days_beyond(rng, min(replays, 200), answers, line)]
    ]


def _lines(many: int) -> str:
    return "1 line" if many == 1 else f"{many} cohorts"


def day(number: int, right: int, answers: int) -> Estimate:
    """Return the accuracy of a day, from a simple random sample."""
    found = shares(strata([ROWS], [answers], [right]))[0]
    name = (_FIRST + timedelta(days=number)).isoformat()
    of_day = replace(ESTIMATE, period="day", window=name, n_asked=answers)
    return with_interval(of_day, found, answers)


def looked(days: Sequence[Estimate], lines: int, line: float) -> list[WatchedLine]:
    """Return what the looks at some days see of the first of several lines."""
    first = rule(below=line, period="day")
    others = [rule(below=line, period="day", cohort=f"a={n}") for n in range(1, lines)]
    watch = Watch([first, *others], AlertLook(), Batches(by="day"))
    return looks(days, watch, at=_AT)[0][: len(days)]


@cache
def _day_fires(right: int, answers: int, lines: int, line: float) -> tuple[bool, bool]:
    """Say whether a day crosses its line by itself, and as one of three."""
    [look] = looked([day(0, right, answers)], lines, line)
    return look.state == CROSSED, (look.bound_in_a_row or 0.0) < line


def false_years(
    rng: np.random.Generator, years: int, answers: int, lines: int, line: float
) -> Bools:
    """Return which years have a false alarm: (Y,).

    Args:
        rng: draws the answers.
        years: how many.
        answers: a day and line.
        lines: of a cohort each.
        line: which the accuracy is exactly at.
    """
    rights = rng.binomial(answers, line, (years, lines, DAYS))
    return np.asarray(fired(rights, answers, lines, line).any(axis=(1, 2)), np.bool_)


def fired(rights: Int64s, answers: int, lines: int, line: float) -> Bools:
    """Return which looks are crossed, of days in their order: (Y, K, D)."""
    values, place = np.unique(rights, return_inverse=True)
    found = np.array([_day_fires(int(right), answers, lines, line) for right in values])
    alone, beyond = (found[:, side][place].reshape(rights.shape) for side in (0, 1))
    alone[:, :, 2:] |= beyond[:, :, 2:] & beyond[:, :, 1:-1] & beyond[:, :, :-2]
    return alone


def days_beyond(
    rng: np.random.Generator, runs: int, answers: int, line: float
) -> list[tuple[int, ...]]:
    """Return the right answers of three days each whose intervals lie wholly below a line."""
    worst = max(n for n in range(answers) if (day(0, n, answers).high or 0.0) < line)
    below = worst - rng.integers(0, 3, (runs, 3))
    return [(worst,) * 3, *map(tuple, below.tolist())]


def _fire(rights: Sequence[int], answers: int, line: float) -> bool:
    days = [day(number, right, answers) for number, right in enumerate(rights)]
    return any(look.state == CROSSED for look in looked(days, 1, line))
