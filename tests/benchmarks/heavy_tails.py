"""Cells: errors of numbers with heavy tails; what is not marked as unreliable must hold the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from pipelines.columns.buffers import Bools, Floats
from tests.benchmarks.measures import Cell, Coverage, Goal, Row, coverage
from tests.benchmarks.replayed import Key, Replayed, replayed
from tests.fixtures.replays import KnownBatch

_TOPIC = "errors with heavy tails"
_SEEDS = (71, 72, 73, 74)  # of batches that share the replays: one large error may carry a batch
_BUDGETS = (50, 100, 200, 400, 1_000)
_METRICS = ("mae", "rmse")
_TOO_FEW = 50  # replays without a mark, which say nothing of a coverage


def cells() -> list[Cell]:
    """Return the cells."""
    return [
        Cell(f"tails: {name}", partial(_of, name)) for name in _tails(np.random.default_rng(0), 9)
    ]


def tails_of_errors(rng: np.random.Generator, rows: int) -> dict[str, Floats]:
    """Return absolute errors: of hourly counts with a skewed tail, and times lognormal ones."""
    return {name: errors for name, (_, errors) in _tails(rng, rows).items()}


def _tails(rng: np.random.Generator, rows: int) -> dict[str, tuple[Floats, Floats]]:
    """Return predicted numbers and how far they are off, by the kind of tail."""
    hour = rng.integers(0, 24, rows)
    expected = (80 + 50 * np.sin(hour / 12 * np.pi)) * rng.gamma(4, 0.25, rows)
    peak = np.where(rng.random(rows) < 0.01, 4, 1)
    counts = np.abs(rng.negative_binomial(3, 3 / (3 + expected)) * peak - expected)
    noise = rng.normal(size=rows)
    return {
        "hourly counts": (expected, counts),
        "× lognormal .8": (expected, counts * np.exp(0.8 * noise - 0.32)),
        "× lognormal 1.3": (expected, counts * np.exp(1.3 * noise - 0.845)),
    }


def of_numbers(seed: int, name: str = "hourly counts") -> KnownBatch:
    """Make a batch of predicted numbers, whose errors have a tail of this kind: 20,000 rows."""
    expected, errors = _tails(np.random.default_rng(seed), 20_000)[name]
    nothing = np.zeros(len(expected), np.int64)
    return KnownBatch((), nothing, expected + errors, expected, nothing)


def _of(name: str, replays: int) -> Sequence[Row]:
    each = max(replays // len(_SEEDS), 1)
    batches = [of_numbers(seed, name) for seed in _SEEDS]
    found = [
        (n, [replayed(batch, n, each, metrics=_METRICS, seed=8) for batch in batches])
        for n in _BUDGETS
    ]
    return [row for metric in _METRICS for row in _rows(name, (metric, None), found)]


def _rows(name: str, key: Key, found: Sequence[tuple[int, Sequence[Replayed]]]) -> Iterator[Row]:
    """Yield rows of all intervals by number of answers, and of those without a mark.

    Args:
        name: of the tail.
        key: the metric.
        found: replays of each batch, by number of answers.

    Yields:
        Two rows or three for each number, and one of all without a mark.
    """
    held: list[Bools] = []
    metric = key[0].upper()
    for budget, every in found:
        # the intervals less their truth, which differs by batch
        away = np.hstack([one.parts[key][:3, 0] - one.truth[key][0] for one in every])
        unmarked = np.concatenate([one.reliable[key][0] for one in every])
        title = f"{metric}, {name}, n = {budget}"
        both = _of_nothing(away)
        yield Row(_TOPIC, f"{title}: marked or not", both.held, None, both)
        yield Row(_TOPIC, f"{title}: share without a mark", float(unmarked.mean()))
        held.append(((away[1] <= 0) & (away[2] >= 0))[unmarked])
        if unmarked.sum() >= _TOO_FEW:
            sure = _of_nothing(away[:, unmarked])
            yield Row(_TOPIC, f"{title}: without a mark", sure.held, Goal(0.9), sure)
    every_held = np.concatenate(held)
    if len(every_held) >= _TOO_FEW:
        title = f"{metric}, {name}, all numbers of answers: without a mark"
        yield Row(_TOPIC, title, float(every_held.mean()), Goal(0.9))


def _of_nothing(away: Floats) -> Coverage:
    """Summarise intervals less their truth: (3, R)."""
    return coverage(away[0], away[1], away[2], 0.0)
