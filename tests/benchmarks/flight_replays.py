"""Cells: every metric on the flights of April 2013, by number of answers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.measures import Cell, Goal, Row
from tests.benchmarks.populations import ANSWERS, delays, flights
from tests.benchmarks.replayed import replayed

_BUDGETS = (50, 100, 200, 400)
_OF_CLASS = ("precision", "recall", "f1")


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell("flights, classes", _classes), Cell("flights, minutes of delay", _numbers)]


def _classes(replays: int) -> Sequence[Row]:
    rows = []
    metrics = ("accuracy", *_OF_CLASS)
    for answered in (1.0, 0.85):
        for budget in _BUDGETS:
            found = replayed(
                flights(), budget, replays, metrics=metrics, classes=ANSWERS, answered=answered
            )
            for metric, class_ in found.parts:
                summary = found.coverage((metric, class_))
                title = f"{metric}{f' of {class_}' if class_ else ''}, n = {budget}, {answered:.0%} answered"
                goal = Goal(0.93) if metric == "accuracy" else None
                rows.append(Row("flights", title, summary.held, goal, summary))
    return rows


def _numbers(replays: int) -> Sequence[Row]:
    rows = []
    for answered in (1.0, 0.85):
        for budget in _BUDGETS:
            found = replayed(delays(), budget, replays, metrics=("mae", "rmse"), answered=answered)
            for metric, class_ in found.parts:
                summary = found.coverage((metric, class_))
                title = f"{metric} in minutes, n = {budget}, {answered:.0%} answered"
                rows.append(Row("flights", title, summary.held, None, summary))
    return rows
