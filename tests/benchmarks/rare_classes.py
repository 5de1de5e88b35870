"""Cells: draws that ask more about a rare class, against draws that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from labeling.formulas.intervals import Z
from pipelines.columns.buffers import Bools, Floats
from pipelines.sampling.allocation import allocate, class_targets
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.population import Population, score_grid
from pipelines.sampling.strata import stratify
from tests.benchmarks.measures import Cell, Coverage, Goal, Row, coverage
from tests.benchmarks.replayed import replayed
from tests.fixtures.replays import Design, KnownBatch, draws, figures

_TOPIC = "a rare class that is asked for"
_BUDGET = 400
_NAMES = ("fraud", "usual")
_LONGEST = {0.05: 0.18, 0.01: 0.16}
_MEAN = 0.95


@dataclass(frozen=True)
class RareClass:
    """A batch with a rare class and the probability that a model gives it.

    The log odds of a row are normal in both classes, so that the model's are right
    where `stretch` is 1 and `shift` is 0.
    """

    seed: int
    share: float  # of the class
    apart: float  # the classes, in standard deviations
    stretch: float = 1.0  # of the log odds: over 1, the model is too sure
    shift: float = 0.0  # added to them: over 0, it finds the class too often
    rows: int = 20_000
    stray: float = 0.0  # part of the class that looks like any other row

    @cached_property
    def _odds(self) -> tuple[Floats, Bools]:
        """Log odds of being of the class, and whether each row is (n,)."""
        rng = np.random.default_rng(self.seed)
        drawn = rng.normal(0, 1, self.rows) + self.apart * (rng.random(self.rows) < self.share)
        odds = np.log(self.share / (1 - self.share)) + self.apart * (drawn - self.apart / 2)
        is_class = rng.random(self.rows) < _logistic(odds)
        if not self.stray:
            return odds, is_class
        leaves = is_class & (rng.random(self.rows) < self.stray)
        anywhere = rng.choice(np.flatnonzero(~is_class), int(leaves.sum()), replace=False)
        is_class[anywhere] = True
        return odds, is_class & ~leaves

    @cached_property
    def made(self) -> tuple[KnownBatch, Floats]:
        """The batch, and the probability of the class that the model gives each row (n,)."""
        odds, is_class = self._odds
        chance = _logistic(self.stretch * odds + self.shift)
        label = np.where(chance > 0.5, 0, 1)
        truth = np.where(is_class, 0, 1).astype(np.float64)
        score = np.where(label == 0, chance, 1 - chance)
        return KnownBatch(_NAMES, label, truth, score, np.zeros(self.rows, np.int64)), chance

    def design(self, goal: ClassGoal, budget: int = _BUDGET) -> Design:
        """Return the product's strata and allocation for a goal."""
        batch, chance = self.made
        population: Population = replace(batch.population, chances=score_grid(chance).points)
        strata = stratify(population, budget, (), goal)
        wanted = class_targets(strata, population, goal)
        return Design(batch, strata, allocate(strata.sizes, wanted, budget))

    def least_length(self, budget: int = _BUDGET) -> float:
        """Return how long F1's interval would be at best: every probability known, each row a stratum.

        So 1.96 standard errors to either side, of the linearised F1 and Neyman's
        allocation of the budget to single rows, none more than once.
        """
        (batch, _), (odds, _) = self.made, self._odds
        f1 = _truth(self)["f1"]
        predicted, chance = batch.label == 0, _logistic(odds)
        both = predicted.sum() + (batch.truth == 0).sum()
        spread = np.where(predicted, 2 - f1, f1) / both * np.sqrt(chance * (1 - chance))
        sure = np.zeros(self.rows, np.bool_)
        while True:
            rest = (budget - sure.sum()) * spread / spread[~sure].sum()
            drawn = np.where(sure, 1.0, np.maximum(rest, 1e-12))
            if not (more := (drawn > 1) & ~sure).any():
                return float(2 * Z * np.sqrt(((1 / drawn - 1) * spread**2).sum()))
            sure |= more


def _logistic(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-odds))


_BATCHES = {
    "5 % of 20,000 rows, calibrated": RareClass(61, 0.05, 3.0),
    "5 % of 20,000 rows, too sure": RareClass(62, 0.05, 3.0, stretch=1.6),
    "5 % of 20,000 rows, unsure": RareClass(63, 0.05, 3.0, stretch=0.6),
    "5 % of 20,000 rows, found too often": RareClass(64, 0.05, 3.0, shift=1.0),
    "1 % of 5,000 rows, calibrated": RareClass(65, 0.01, 4.0, rows=5_000),
    "1 % of 5,000 rows, too sure": RareClass(66, 0.01, 4.0, stretch=1.6, rows=5_000),
    "1 % of 20,000 rows, calibrated": RareClass(67, 0.01, 4.0),
    "1 % of 20,000 rows, too sure": RareClass(68, 0.01, 4.0, stretch=1.6),
    "1 % of 20,000 rows, unsure": RareClass(69, 0.01, 4.0, stretch=0.6),
}
_STRAYING = {
    "5 % of 20,000 rows, a twentieth of it looks like any other row": RareClass(
        81, 0.05, 3.0, stray=0.05
    ),
    "1 % of 5,000 rows, a tenth of it looks like any other row": RareClass(
        82, 0.01, 4.0, rows=5_000, stray=0.1
    ),
    "1 % of 20,000 rows, a tenth of it looks like any other row": RareClass(
        83, 0.01, 4.0, stray=0.1
    ),
}
_NEARLY_FOUND = {
    "1 % of 5,000 rows, calibrated": RareClass(84, 0.01, 4.0, rows=5_000),
    "1 % of 5,000 rows, too sure": RareClass(85, 0.01, 4.0, stretch=1.6, rows=5_000),
}


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell(_TOPIC, rare_classes), Cell(f"{_TOPIC}: rows that nobody expects", unexpected)]


def rare_classes(replays: int) -> Sequence[Row]:
    """Replay each batch with and without the goal."""
    return of_batches(_BATCHES, replays)


def unexpected(replays: int) -> Sequence[Row]:
    """Replay batches where the class is also among unlikely rows, or all of it but a few rows is found."""
    tried = [(name, made, _BUDGET) for name, made in _STRAYING.items()]
    tried += [(name, made, 2 * _BUDGET) for name, made in _NEARLY_FOUND.items()]
    rows = []
    for name, made, budget in tried:
        found = asked_more(made, ClassGoal("f1", "fraud"), replays, budget)["f1"]
        rows.append(Row(_TOPIC, f"F1, {name}, n = {budget}", found.held, Goal(0.93), found))
    return rows


def of_batches(batches: dict[str, RareClass], replays: int) -> Sequence[Row]:
    """Replay draws for F1, and draws without a goal, from some batches.

    Args:
        batches: by name.
        replays: of each.

    Returns:
        Length and coverage of F1, and of accuracy, with their goals.
    """
    rows: list[Row] = []
    for name, made in batches.items():
        found = asked_more(made, ClassGoal("f1", "fraud"), replays)
        plain = replayed(made.made[0], _BUDGET, replays, seed=7).coverage(("accuracy", None))
        rows += _rows(f"{name}, n = {_BUDGET}", made, found, plain)
    means = [row.coverage.held for row in rows if row.coverage and row.name.startswith("F1")]
    return [
        *rows,
        Row(_TOPIC, "F1: mean coverage over these cells", float(np.mean(means)), Goal(_MEAN)),
    ]


def _rows(name: str, made: RareClass, found: dict[str, Coverage], plain: Coverage) -> list[Row]:
    f1, accuracy = found["f1"], found["accuracy"]
    ratio = accuracy.length / plain.length
    return [
        Row(_TOPIC, f"F1, {name}", f1.held, Goal(0.93), f1),
        Row(_TOPIC, f"F1, {name}: length", f1.length, _longest(made)),
        Row(
            _TOPIC,
            f"F1, {name}: least length that any draw could have, if each probability were known",
            made.least_length(),
        ),
        Row(_TOPIC, f"accuracy, {name}", accuracy.held, Goal(0.94), accuracy),
        Row(
            _TOPIC,
            f"accuracy, {name}: length, in lengths of a draw without it",
            ratio,
            Goal(1.0, at_least=False),
        ),
    ]


def _longest(made: RareClass) -> Goal:
    """Return the goal of a length; 200 rows among 20,000 leave much room for some that nobody was asked about."""
    is_try = made.share < 0.05 and made.rows > 5_000
    return Goal(_LONGEST[made.share], at_least=False, is_try=is_try)


def asked_more(
    made: RareClass, goal: ClassGoal, replays: int, budget: int = _BUDGET
) -> dict[str, Coverage]:
    """Draw for a goal, answer everything and estimate many times over.

    Args:
        made: the batch.
        goal: what is asked for.
        replays: how many.
        budget: questions a draw.

    Returns:
        Coverage of accuracy, and of precision, recall and F1 of the class.
    """
    design, rng = made.design(goal, budget), np.random.default_rng([made.seed, 9])
    metrics = ("accuracy", "precision", "recall", "f1")
    parts: dict[str, list[Floats]] = {}
    for drawn in draws(design.strata, design.allocated, rng, replays):
        evidence = design.evidence(drawn, np.ones(len(drawn.row), np.bool_))
        evidence = replace(evidence, asked_class=np.zeros(drawn.replays, np.int64))
        for one in figures(evidence, metrics, ("fraud",)):
            limits = np.stack(one.parts()[:3]).reshape(3, -1, drawn.replays)[:, 0]
            parts.setdefault(one.metric, []).append(limits)
    truth = _truth(made)
    return {metric: _coverage(some, truth[metric]) for metric, some in parts.items()}


def _coverage(parts: Sequence[Floats], truth: float) -> Coverage:
    """Summarise limits of all replays (3, R); the length is that of those without a value, too."""
    value, low, high = np.concatenate(parts, axis=1)
    return replace(coverage(value, low, high, truth), length=float(np.median(high - low)))


def _truth(made: RareClass) -> dict[str, float]:
    batch = made.made[0]
    predicted, true = batch.label == 0, batch.truth == 0
    both = float((predicted & true).sum())
    return {
        "accuracy": float(batch.right.mean()),
        "precision": both / predicted.sum(),
        "recall": both / true.sum(),
        "f1": 2 * both / (predicted.sum() + true.sum()),
    }
