"""What strata deserve of a budget where one class is asked more about.

Each gets questions by what its answers add to the variance of the metric, as the
probabilities of the class tell it, and a part in proportion to its rows, in case
they tell wrong. Texts, counts and integers decide, never an outcome of the batch,
so every machine computes the same targets.

Source: Neyman allocation, Cochran, Sampling Techniques (1977), 5.5; the variance of
a ratio, 6.4 and 6.13 there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Bools, Floats, Int64s
from pipelines.sampling.cells import exact_sums
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.population import GRID, MISSING, Population
from pipelines.sampling.strata import Strata

_TRUST = 0.7  # the share of the probabilities' advice; the rest is in proportion to size
_LEAST = 1 / 600  # probability that a part has at least: a few hundred answers tell no smaller one
_SUREST = 0.9  # probability that predicted rows have at most: few answers tell no larger one


def class_targets(strata: Strata, population: Population, goal: ClassGoal) -> Floats:
    """Return the shares of a budget that strata deserve, up to a common factor.

    N_h (.7 s_h + .3 s), with s_h the standard deviation of a row's part in the
    metric, by the probabilities of the class, and s its mean over all rows. Of F1 a
    row predicted as the class counts 1 - F1/2, another F1/2; of recall 1 - recall
    and recall; of precision 1 and 0.

    Args:
        strata: of the batch; they may mix both kinds of rows, as after a carry-over.
        population: of the same rows, with the probabilities of the class.
        goal: names metric and class.

    Returns:
        Positive numbers (H,).
    """
    sizes = strata.sizes.astype(np.float64)
    is_predicted = population.labels.holds(goal.class_)
    points = _known_points(population, goal)
    inside, others = (_Side.of(strata, points, rows) for rows in (is_predicted, ~is_predicted))
    kept, lost = inside.found(_SUREST), others.found(1.0)
    factors = _factors(goal.metric, kept, lost, float(is_predicted.sum()))
    parts = inside.spread(_SUREST) * factors[0] + others.spread(1.0) * factors[1]
    mean = math.fsum(parts.tolist()) / max(len(points), 1)
    if mean == 0:  # the precision of a class that was predicted nowhere
        return sizes
    return _TRUST * parts + (1 - _TRUST) * mean * sizes


@dataclass(frozen=True, slots=True)
class _Side:
    """The rows of each stratum that were predicted as the class, or the others: (H,)."""

    rows: Floats
    chance: Floats  # mean probability of the class, 0 without rows

    @classmethod
    def of(cls, strata: Strata, points: Int64s, inside: Bools) -> _Side:
        """Average the probabilities by stratum; integers up to the one division."""
        count, codes = len(strata.names), strata.codes[inside]
        rows = np.bincount(codes, minlength=count)
        sums = exact_sums(points[inside], codes, count)
        means = [s / (n * GRID) if n else 0.0 for s, n in zip(sums, rows.tolist(), strict=True)]
        return cls(rows.astype(np.float64), np.array(means))

    def found(self, surest: float) -> float:
        """Return the rows that are likely of the class."""
        return math.fsum((self.rows * self._cut(surest)).tolist())

    def spread(self, surest: float) -> Floats:
        """Return the rows times the standard deviation of being of the class: (H,)."""
        chance = self._cut(surest)
        return self.rows * np.sqrt(chance * (1 - chance))

    def _cut(self, surest: float) -> Floats:
        return np.clip(self.chance, _LEAST, min(surest, 1 - _LEAST))


def _known_points(population: Population, goal: ClassGoal) -> Int64s:
    """Return calibrated probabilities, the mean of the others where one is missing: (n,)."""
    if population.chances is None:
        raise ValueError("the population has no probabilities of the class")
    points, gaps = goal.calibrated(population.chances), population.chances == MISSING
    known = points[~gaps]
    mean = int(exact_sums(known, np.zeros(len(known), np.int64), 1)[0]) // max(len(known), 1)
    return np.where(gaps, mean, points)


def _factors(metric: str, kept: float, lost: float, predicted: float) -> tuple[float, float]:
    """Return what a predicted row and another one weigh in the metric's variance."""
    if metric == "precision":
        return 1.0, 0.0
    whole = kept + lost if metric == "recall" else kept + lost + predicted
    value = (kept if metric == "recall" else 2 * kept) / whole if whole else 0.0
    return (1 - value, value) if metric == "recall" else (1 - value / 2, value / 2)
