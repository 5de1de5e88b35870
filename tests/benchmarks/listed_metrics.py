"""Cells: metrics that a job lists, of classes, of their scores and of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from labeling.estimates.families.chosen import Wanted, chosen_families
from labeling.estimates.row_sets import View
from pipelines.columns.buffers import Floats
from pipelines.job.metric_names import OF_SCORES, ON_REQUEST
from pipelines.models.catalogue import TaskType
from tests.benchmarks.measures import Cell, Goal, Row, coverage
from tests.benchmarks.populations import Recipe, delays
from tests.benchmarks.scored_batches import Scored
from tests.fixtures.replays import Design, Drawn, KnownBatch, draws

Key = tuple[str, str | None]  # metric, class

_HELD = Goal(0.93)
_TRY = Goal(0.93, is_try=True)
_SKEWED = Goal(0.92)  # errors of numbers and log losses have a tail
_BUDGETS = (100, 200, 400)
_OF_CLASSES: tuple[str, ...] = tuple(
    name for name in ON_REQUEST["classification"] if name not in OF_SCORES
)
_OF_NUMBERS = ("bias", "median_absolute_error", "p90_absolute_error")
_LEAN, _LEAN_TRY = Goal(0.03, at_least=False), Goal(0.03, at_least=False, is_try=True)
_PREVALENCES = (0.01, 0.02, 0.05, 0.1, 0.2)
_SELDOM, _USUAL = (
    0.02,
    0.75,
)  # of the replays with a point: below, it says nothing; from here on, it must hold

SCORED = (
    Scored(61, (0.5, 0.5), 1.0),
    Scored(62, (0.5, 0.5), 2.5),
    Scored(63, (0.8, 0.2), 1.5, sure=0.4),
    Scored(64, (0.8, 0.2), 2.5, sure=3.0),
    Scored(65, (0.95, 0.05), 1.5),
    Scored(66, (0.95, 0.05), 2.5, alike=0.3),
    Scored(67, (0.7, 0.25, 0.05), 2.0),
    Scored(68, (0.7, 0.25, 0.05), 2.0, sure=2.5, alike=0.4),
    Scored(69, (0.4, 0.3, 0.2, 0.1), 1.0, sure=2.0),
)
_EXTREME = Scored(70, (0.98, 0.02), 2.5, alike=0.5)
RECIPES = (
    Recipe(71, 0.8),
    Recipe(72, 0.9, (0.6, 0.4)),
    Recipe(73, 0.85, (0.5, 0.3, 0.2)),
    Recipe(74, 0.95, (0.85, 0.1, 0.05)),
)


@dataclass(frozen=True)
class _Topic:
    """Metrics that are measured together on some batches."""

    name: str
    metrics: tuple[str, ...]
    budgets: Sequence[int]
    replays: int


def cells() -> list[Cell]:
    """Return the cells."""
    return [
        *(Cell(f"scores {of.seed}", partial(scores, of, budgets=_BUDGETS)) for of in SCORED),
        Cell(f"scores {_EXTREME.seed}", partial(scores, _EXTREME, budgets=(100, 400), goal=_TRY)),
        *(Cell(f"averages {of.seed}", partial(averages, of, budgets=_BUDGETS)) for of in RECIPES),
        Cell("bias and quantiles", partial(numbers, budgets=_BUDGETS)),
        *(
            Cell(f"points {share:g}", partial(points, share, budgets=(50, *_BUDGETS)))
            for share in _PREVALENCES
        ),
    ]


def scores(of: Scored, replays: int, *, budgets: Sequence[int], goal: Goal = _HELD) -> list[Row]:
    """Measure the metrics of scores.

    Args:
        of: the batch.
        replays: for each budget.
        budgets: questions a draw.
        goal: of the coverage.

    Returns:
        A row for each metric and budget, of its class that is covered least.
    """
    topic = _Topic("metrics of scores", OF_SCORES, budgets, replays)
    return list(_covered(topic, of.name, of.made(), goal))


def averages(of: Recipe, replays: int, *, budgets: Sequence[int]) -> list[Row]:
    """Measure specificity, averages over classes and Matthews correlation.

    Args:
        of: the batch.
        replays: for each budget.
        budgets: questions a draw.

    Returns:
        A row for each metric and budget, of its class that is covered least.
    """
    name = f"{len(of.shares)} classes, {of.shares[-1]:.0%} the rarest, accuracy {of.accuracy:g}"
    topic = _Topic("averages over classes", _OF_CLASSES, budgets, replays)
    return list(_covered(topic, name, of.made(), _HELD))


def numbers(replays: int, *, budgets: Sequence[int]) -> list[Row]:
    """Measure bias and quantiles of errors, on delays of flights and on errors with a tail.

    Args:
        replays: for each budget.
        budgets: questions a draw.

    Returns:
        A row for each metric and budget.
    """
    topic = _Topic("bias and quantiles of errors", _OF_NUMBERS, budgets, replays)
    batches = (("delays of flights", delays(), _TRY), ("lognormal errors", lognormal(75), _SKEWED))
    return [row for name, batch, goal in batches for row in _covered(topic, name, batch, goal)]


def points(share: float, replays: int, *, budgets: Sequence[int]) -> list[Row]:
    """Measure by how much the points of recall and F1 of a rare class lean, where they are shown.

    Where few samples show one, those that do found more rows on the wrong side
    than is usual, and no rule that looks at the sample alone can mend that.

    Args:
        share: of the class among all rows.
        replays: for each budget.
        budgets: questions a draw.

    Returns:
        The absolute bias of the median for each metric and budget; it must be
        small where three quarters of the replays show a point.
    """
    batch = Scored(76, (1 - share, share), 2.0, alike=0.2).made()
    rows = []
    for budget in budgets:
        found, truth = replayed(batch, budget, replays, ("recall", "f1"))
        for key in (("recall", "b"), ("f1", "b")):
            value = found[key][0]
            value = value[~np.isnan(value)]
            shown = len(value) / replays
            if shown < _SELDOM:
                continue
            lean = abs(float(np.median(value)) - truth[key])
            name = f"{key[0]}, class of {share:.0%}, n {budget}, shown in {shown:.0%}"
            goal = _LEAN if shown >= _USUAL else _LEAN_TRY
            rows.append(Row("median bias where a point is shown", name, lean, goal))
    return rows


def _covered(topic: _Topic, name: str, batch: KnownBatch, goal: Goal) -> Iterator[Row]:
    """Yield for each metric and budget the class that is covered least."""
    for budget in topic.budgets:
        found, truth = replayed(batch, budget, topic.replays, topic.metrics)
        for metric in topic.metrics:
            rows = [
                (coverage(value, low, high, truth[key]), key)
                for key, (value, low, high) in found.items()
                if key[0] == metric and not np.isnan(truth[key])
            ]
            of, key = min(rows, key=lambda pair: pair[0].held)
            words = metric.replace("_", " ") + (f" of {key[1]}" if key[1] else "")
            aim = _SKEWED if metric == "log_loss" and not goal.is_try else goal
            yield Row(topic.name, f"{words}, {name}, n {budget}", of.held, aim, of)


def replayed(
    batch: KnownBatch, budget: int, replays: int, metrics: Sequence[str]
) -> tuple[dict[Key, Floats], dict[Key, float]]:
    """Draw, answer in full and estimate many times over.

    Args:
        batch: the rows.
        budget: questions a draw.
        replays: R.
        metrics: which.

    Returns:
        Value, low and high of each replay by metric and class (3, R), and what
        they should be, from a census.
    """
    design, rng = Design(batch, *batch.design(budget)), np.random.default_rng([7, budget])
    samples = draws(design.strata, design.allocated, rng, replays)
    chunks = [_figures(design, drawn, metrics) for drawn in samples]
    census = Design(batch, *batch.design(len(batch.label)))
    (every,) = draws(census.strata, census.strata.sizes, rng, 1)
    truth = {key: float(parts[0, 0]) for key, parts in _figures(census, every, metrics).items()}
    return {key: np.concatenate([one[key] for one in chunks], axis=1) for key in chunks[0]}, truth


def _figures(design: Design, drawn: Drawn, metrics: Sequence[str]) -> dict[Key, Floats]:
    """Return value, low and high of each replay of a draw, over all rows."""
    many = drawn.replays
    evidence = design.evidence(drawn, np.ones(len(drawn.row), np.bool_))
    view = View(evidence, np.arange(many), many, evidence.has_answers)
    task: TaskType = "regression" if design.batch.is_of_numbers else "classification"
    wanted = Wanted(task, design.batch.labels, tuple(metrics))
    return {
        (one.metric, one.class_): np.stack(one.intervals.parts())[:, :many]
        for family in chosen_families(evidence, wanted)
        for one in family.figures(view)
        if one.metric in metrics
    }


def lognormal(seed: int) -> KnownBatch:
    """Make a batch of numbers whose errors are skewed; one part of it is off by twice as much."""
    rng = np.random.default_rng(seed)
    rows = 20_000
    said, cohort = rng.gamma(3, 5, rows), rng.choice(2, rows, p=(0.7, 0.3))
    away = rng.lognormal(0, 0.8, rows) * rng.choice((-1, 1), rows, p=(0.4, 0.6)) * (1 + cohort)
    return KnownBatch((), np.zeros(rows, np.int64), said - away, said, cohort)
