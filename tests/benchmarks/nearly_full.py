"""Cells: small batches of which nearly every row was answered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from tests.benchmarks.measures import Cell, Goal, Row, coverage
from tests.benchmarks.populations import Recipe
from tests.fixtures.replays import Design, KnownBatch, draws, figures

_TOPIC = "small batches asked nearly in full"


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell(f"N = {rows}", partial(_of, rows)) for rows in _ROWS]


_ROWS = (60, 120, 300)


def _of(rows: int, replays: int) -> Sequence[Row]:
    found = []
    for accuracy in (0.7, 0.9, 0.97):
        for missing in (1, 2, 3, 8, 20):
            batch = Recipe(rows, accuracy, (0.7, 0.3), rows=rows).made()
            for is_asked in (True, False):
                found += _row(batch, missing, replays, is_asked=is_asked)
    return found


def _row(batch: KnownBatch, missing: int, replays: int, *, is_asked: bool) -> list[Row]:
    """Leave some rows out: of the questions, or of the answers."""
    rng = np.random.default_rng([len(batch.label), missing])
    rows = len(batch.label)
    design = Design(batch, *batch.design(rows if is_asked else rows - missing))
    parts, impossible = [], 0
    for drawn in draws(design.strata, design.allocated, rng, replays):
        answered = np.ones(len(drawn.row), np.bool_)
        if is_asked:
            chance = rng.random((drawn.replays, rows))
            answered = (np.argsort(np.argsort(chance, axis=1), axis=1) >= missing).ravel()
        intervals = figures(design.evidence(drawn, answered), ["accuracy"])[0].intervals
        many = drawn.replays
        value, low, high = intervals.value[:many], intervals.low[:many], intervals.high[:many]
        right = np.bincount(drawn.replay, batch.right[drawn.row] & answered, many)
        impossible += int(
            ((low < right / rows - 1e-9) | (high > (right + missing) / rows + 1e-9)).sum()
        )
        parts.append(np.stack([value, low, high]))
    value, low, high = np.hstack(parts)
    summary = coverage(
        value, low, high, float(batch.right.mean()), np.full(replays, rows - missing)
    )
    kind = "not answered" if is_asked else "not asked"
    name = f"N = {rows}, accuracy {batch.right.mean():.2f}, {missing} {kind}"
    return [
        Row(_TOPIC, f"{name}: impossible limits", float(impossible), Goal(0, at_least=False)),
        Row(_TOPIC, name, summary.held, Goal(0.93), summary),
    ]
