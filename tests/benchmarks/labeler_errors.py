"""Cells: people who err in 5 % of the rows; the interval speaks of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.benchmarks.measures import Cell, Goal, Row, coverage
from tests.benchmarks.populations import Recipe
from tests.benchmarks.replayed import replayed
from tests.fixtures.replays import KnownBatch

_TOPIC = "people who err in 5 % of the rows"
_ERRORS = 0.05
_BUDGETS = (100, 200, 400)
_RECIPES = (Recipe(81, 0.99), Recipe(82, 0.9), Recipe(83, 0.8, (0.6, 0.4)))


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell("labeler errors", _of)]


def _of(replays: int) -> Sequence[Row]:
    rows = []
    for recipe in _RECIPES:
        batch = recipe.made()
        said = as_people_say(batch, np.random.default_rng(recipe.seed))
        for budget in _BUDGETS:
            found = replayed(said, budget, replays, seed=9)
            title = f"accuracy {batch.right.mean():.3f}, people say {said.right.mean():.3f}, n = {budget}"
            of_people = found.coverage(("accuracy", None))
            value, low, high = found.parts["accuracy", None][:3, 0]
            of_rows = coverage(value, low, high, float(batch.right.mean()), found.answers[0])
            rows += [
                Row(_TOPIC, f"{title}: what people say", of_people.held, Goal(0.93), of_people),
                Row(
                    _TOPIC,
                    f"{title}: what is so, which no answer tells",
                    of_rows.held,
                    None,
                    of_rows,
                ),
            ]
    return rows


def as_people_say(batch: KnownBatch, rng: np.random.Generator) -> KnownBatch:
    """Return the batch with another class for 5 % of its rows."""
    others = rng.integers(1, len(batch.labels), len(batch.truth))
    wrong = (batch.truth + others) % len(batch.labels)
    return replace(batch, truth=np.where(rng.random(len(others)) < _ERRORS, wrong, batch.truth))
