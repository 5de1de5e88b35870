"""Cells: cohorts that are no strata, against a simple random sample of as many answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.benchmarks.measures import Cell, Goal, Row, uniform_wilson
from tests.benchmarks.populations import Recipe, flights, named
from tests.benchmarks.replayed import Replayed, replayed
from tests.fixtures.replays import KnownBatch

_TOPIC = "cohorts that are no strata"
_BUDGETS = (50, 100, 200, 400)
_RECIPES = (
    Recipe(51, 0.7),
    Recipe(52, 0.85, (0.5, 0.5), (0.5, 0.3, 0.15, 0.05)),
    Recipe(53, 0.95),
    Recipe(54, 0.8, (0.9, 0.07, 0.02, 0.01), (0.4, 0.3, 0.2, 0.1)),
)
_ENOUGH = 8  # answers


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell("cohorts", _every)]


def _every(replays: int) -> Sequence[Row]:
    batches = [("flights by airport", flights()), *named(_RECIPES)]
    return of_batches(batches, replays)


def of_batches(batches: Sequence[tuple[str, KnownBatch]], replays: int) -> Sequence[Row]:
    """Replay cohorts of some batches.

    Args:
        batches: each with a name.
        replays: for each of four budgets.
    """
    rows: list[Row] = []
    for name, batch in batches:
        for budget in _BUDGETS:
            rows += _rows(f"{name}, n = {budget}", batch, replayed(batch, budget, replays, seed=5))
    held = [row.coverage.held for row in rows if row.coverage]
    mean = float(np.mean(held))
    return [*rows, Row(_TOPIC, "mean coverage over these cells", mean, Goal(0.97, at_least=False))]


def _rows(name: str, batch: KnownBatch, found: Replayed) -> list[Row]:
    rows = []
    key = ("accuracy", None)
    for domain in range(1, int(batch.cohort.max()) + 2):
        counts = found.answers[domain] >= _ENOUGH
        if counts.mean() < 0.5:
            continue
        summary = found.coverage(key, domain, _ENOUGH)
        _, low, high = found.parts[key][:3, domain][:, counts]
        uniform = uniform_wilson(float(found.truth[key][domain]), found.answers[domain][counts])[1]
        cost = float(((high - low).mean() / uniform) ** 2)
        title = f"{name}, cohort {domain}"
        rows.append(Row(_TOPIC, title, summary.held, Goal(0.93), summary))
        rows.append(
            Row(
                _TOPIC,
                f"{title}: squared length, in uniform's",
                cost,
                Goal(1.2, at_least=False),
            )
        )
    return rows
