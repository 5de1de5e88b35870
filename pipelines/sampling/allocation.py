"""Which predictions people are asked about, and with what probability.

A sample is, in each stratum, the rows with the smallest keyed hashes. So its
size is exact, every row's probability is known, more rows are a top-up that
keeps the earlier ones, and every machine draws the same.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Bools, Floats, Int64s
from pipelines.sampling.cells import exact_sums
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.population import GRID, MISSING, Population
from pipelines.sampling.strata import FLOOR, Strata

TEMPERED_FROM = 200  # answers of a job; before, the scores have not earned trust
_TRUST = 0.25  # the share of the scores' advice in the tempered rule
_LEAST = 0.02  # of a class's share of all rows: the probability that any stratum has at least
_SUREST = 0.9  # probability that predicted rows have at most: few answers tell no larger one
_FOR_CLASS = 0.8  # the share of the probabilities' advice in targets of a class


def targets(strata: Strata, points: Int64s, *, answers_seen: int) -> Floats:
    """Return the shares of a budget that strata deserve, up to a common factor.

    Proportional to size until the job has about 200 answers. Then
    N_h sqrt(.75 + .25 r_h), where r_h is the stratum's mean of m(1 - m) over the
    batch's, and m is the score: more where the model says that it is unsure, but
    never so much that a model that is wrong about that does harm.

    Args:
        strata: of the batch.
        points: scores on the grid (n,), -1 where missing. Predicted numbers have
            none: with -1 everywhere the allocation stays proportional.
        answers_seen: answers to the job's questions so far.

    Returns:
        Positive numbers (H,).

    Source: Neyman allocation, Cochran, Sampling Techniques (1977), 5.5, mixed
        with the proportional one.
    """
    sizes = strata.sizes.astype(np.float64)
    if answers_seen < TEMPERED_FROM:
        return sizes
    known = points != MISSING
    points, codes = points[known], strata.codes[known]
    rows = np.bincount(codes, minlength=len(sizes)).tolist()
    doubts = exact_sums(points * (GRID - points), codes, len(sizes))
    if (total := sum(doubts)) == 0:  # no scores, or the model is sure of everything
        return sizes
    # Integers up to the one division, so that all machines round alike.
    ratios = [d * sum(rows) / (n * total) if n else 1.0 for d, n in zip(doubts, rows, strict=True)]
    return sizes * np.sqrt((1 - _TRUST) + _TRUST * np.array(ratios))


def class_targets(strata: Strata, population: Population, goal: ClassGoal) -> Floats:
    """Return the shares of a budget that strata deserve, up to a common factor.

    N_h (.8 s_h + .2 s), with s_h the standard deviation of a row's part in the
    metric, by the probabilities of the class, and s its mean over all rows. Of F1 a
    row predicted as the class counts 1 - F1/2, another F1/2; of recall 1 - recall
    and recall; of precision 1 and 0.

    Args:
        strata: of the batch; they may mix both kinds of rows, as after a carry-over.
        population: of the same rows, with the probabilities of the class.
        goal: names metric and class.

    Returns:
        Positive numbers (H,).

    Source: Neyman allocation, Cochran, Sampling Techniques (1977), 5.5; the
        variance of a ratio, 6.4 and 6.13 there.
    """
    sizes = strata.sizes.astype(np.float64)
    is_predicted = population.labels.holds(goal.class_)
    points = _known_points(population, goal)
    least = _least(points)
    inside, others = (
        _Side.of(strata, points, rows, least) for rows in (is_predicted, ~is_predicted)
    )
    kept, lost = inside.found(_SUREST), others.found(1.0)
    factors = _factors(goal.metric, kept, lost, float(is_predicted.sum()))
    parts = inside.spread(_SUREST) * factors[0] + others.spread(1.0) * factors[1]
    mean = math.fsum(parts.tolist()) / max(len(points), 1)
    if mean == 0:  # the precision of a class that was predicted nowhere
        return sizes
    return _FOR_CLASS * parts + (1 - _FOR_CLASS) * mean * sizes


@dataclass(frozen=True, slots=True)
class _Side:
    """The rows of each stratum that were predicted as the class, or the others: (H,)."""

    rows: Floats
    chance: Floats  # mean probability of the class, 0 without rows
    least: float  # what a probability is taken for at least

    @classmethod
    def of(cls, strata: Strata, points: Int64s, inside: Bools, least: float) -> _Side:
        """Average the probabilities by stratum; integers up to the one division."""
        count, codes = len(strata.names), strata.codes[inside]
        rows = np.bincount(codes, minlength=count)
        sums = exact_sums(points[inside], codes, count)
        means = [s / (n * GRID) if n else 0.0 for s, n in zip(sums, rows.tolist(), strict=True)]
        return cls(rows.astype(np.float64), np.array(means), least)

    def found(self, surest: float) -> float:
        """Return the rows that are likely of the class."""
        return math.fsum((self.rows * self._cut(surest)).tolist())

    def spread(self, surest: float) -> Floats:
        """Return the rows times the standard deviation of being of the class: (H,)."""
        chance = self._cut(surest)
        return self.rows * np.sqrt(chance * (1 - chance))

    def _cut(self, surest: float) -> Floats:
        return np.clip(self.chance, self.least, min(surest, 1 - self.least))


def _least(points: Int64s) -> float:
    """Return the probability that a stratum has at least: a part of the class's share of all rows.

    It follows the class: a fixed one of 1/600 sent 8 of 10 questions about a class of
    1 % to rows that are surely not of it.
    """
    whole = int(exact_sums(points, np.zeros(len(points), np.int64), 1)[0]) if len(points) else 0
    return max(_LEAST * whole / (max(len(points), 1) * GRID), 1 / GRID)


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


def allocate(
    sizes: Int64s, wanted: Floats, budget: int, *, at_least: Int64s | None = None
) -> Int64s:
    """Divide a budget over strata, exactly: (H,).

    Every stratum gets one row, then `FLOOR` rows or all that it has; each
    further row goes where `wanted / sqrt(n (n + 1))` is largest, ties to the
    first. That order does not depend on the budget, so a larger one only adds.

    Args:
        sizes: rows in each stratum (H,), at least 1.
        wanted: positive numbers in proportion to which to divide (H,).
        budget: rows in all; all rows are taken where it is no less than they.
        at_least: rows drawn already (H,), which a top-up keeps.

    Returns:
        Rows to draw from each stratum (H,), the earlier ones included.

    Raises:
        ValueError: the budget does not reach for one row per stratum, or is
            smaller than what was drawn already; divide into fewer strata, or
            begin another draw.

    Source: Wright, The equivalence of Neyman optimum allocation for sampling
        and equal proportions for apportioning the U.S. House of
        Representatives, The American Statistician 66 (2012) 217-224: it
        minimizes the sum of wanted² / n over all whole numbers n >= 1.

    >>> allocate(np.array([900, 90, 10]), np.array([900.0, 90.0, 10.0]), 50)
    array([44,  4,  2])
    """
    drawn = np.zeros(len(sizes), dtype=np.int64) if at_least is None else at_least.copy()
    if (drawn > sizes).any():
        raise ValueError("more rows were drawn from a stratum than it has")
    left = min(budget, int(sizes.sum())) - int(drawn.sum())
    if left < 0:
        raise ValueError(f"a budget of {budget} is fewer than the {drawn.sum()} rows drawn already")
    if left < (drawn == 0).sum():
        raise ValueError(f"a budget of {budget} does not reach for one row per stratum")
    if budget >= sizes.sum():
        return sizes.astype(np.int64)
    return np.array(_shared_out(sizes.tolist(), wanted.tolist(), drawn.tolist(), left))


def _shared_out(sizes: list[int], wanted: list[float], drawn: list[int], rows: int) -> list[int]:
    """Add so many rows, one by one, each to the stratum with the strongest claim."""
    queue = [_claim(h, n, wanted[h]) for h, n in enumerate(drawn) if n < sizes[h]]
    heapq.heapify(queue)
    for _ in range(rows):
        stratum = queue[0][-1]
        drawn[stratum] += 1
        if drawn[stratum] < sizes[stratum]:
            heapq.heapreplace(queue, _claim(stratum, drawn[stratum], wanted[stratum]))
        else:
            heapq.heappop(queue)
    return drawn


def _claim(stratum: int, drawn: int, wanted: float) -> tuple[int, float, int]:
    """Return a key that sorts first for the stratum with the strongest claim to another row."""
    priority = wanted / math.sqrt(drawn * (drawn + 1)) if drawn else wanted
    return min(drawn, FLOOR), -priority, stratum
