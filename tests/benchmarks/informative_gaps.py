"""Cells: what leads the page where people skip wrong rows more often than right ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labeling.estimates.amounts import leading_range
from tests.benchmarks.measures import Cell, Goal, Row, coverage
from tests.benchmarks.populations import Recipe
from tests.fixtures.replays import Design, draws, figures
from tests.fixtures.report_data import estimate

_TOPIC = "gaps that inform"
_SETTINGS = ((0.04, 1.0), (0.04, 40.0), (0.06, 15.0), (0.10, 5.0), (0.15, 2.0), (0.15, 40.0))
_BATCHES = (Recipe(61, 0.85), Recipe(62, 0.7, (0.6, 0.4)), Recipe(63, 0.95))


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell("informative gaps", _of)]


def _of(replays: int) -> Sequence[Row]:
    return of_recipes(_BATCHES, (100, 400), replays)


def of_recipes(recipes: Sequence[Recipe], budgets: Sequence[int], replays: int) -> Sequence[Row]:
    """Replay six settings of gaps.

    Args:
        recipes: of batches.
        budgets: questions.
        replays: for each batch, budget and setting.

    Returns:
        Two rows for each.
    """
    rows = []
    for recipe in recipes:
        for budget in budgets:
            for missing, often in _SETTINGS:
                rows += _rows(recipe, budget, replays, missing, often)
    return rows


def _rows(recipe: Recipe, budget: int, replays: int, missing: float, often: float) -> list[Row]:
    batch = recipe.made()
    rng = np.random.default_rng([recipe.seed, budget, int(missing * 100), int(often)])
    design = Design(batch, *batch.design(budget))
    wrong = 1 - float(batch.right.mean())
    skip = missing / (
        wrong + (1 - wrong) / often
    )  # of a wrong row; others are skipped `often` less
    leads, alone, count = [], [], []
    for drawn in draws(design.strata, design.allocated, rng, replays):
        chance = np.where(batch.right[drawn.row], skip / often, skip)
        given = rng.random(len(chance)) >= np.minimum(chance, 1)
        (found,) = figures(design.evidence(drawn, given), ["accuracy"])
        parts = np.stack(found.parts()[:5])[:, : drawn.replays]
        alone.append(parts[:3])
        leads.append([_leading(*one) for one in parts.T.tolist()])
        count.append(np.bincount(drawn.replay[given], minlength=drawn.replays))
    ends, value = np.vstack(leads).T, np.hstack(alone)
    truth, answers = 1 - wrong, np.concatenate(count)
    name = f"accuracy {recipe.accuracy:g}, n = {budget}, {missing:.0%} missing, wrong rows {often:g} times as often"
    summary = coverage(value[0], ends[0], ends[1], truth, answers)
    plain = coverage(value[0], value[1], value[2], truth, answers)
    return [
        Row(_TOPIC, f"{name}: what leads", summary.held, Goal(0.94), summary),
        Row(_TOPIC, f"{name}: the interval alone", plain.held, None, plain),
    ]


def _leading(
    value: float, low: float, high: float, wrong: float, right: float
) -> tuple[float, float]:
    one = estimate(
        value=value,
        low=low,
        high=high,
        value_if_missing_wrong=wrong,
        value_if_missing_right=right,
    )
    return leading_range(one) or (low, high)
