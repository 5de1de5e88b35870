"""Which predictions people are asked about, and with what probability.

A sample is, in each stratum, the rows with the smallest keyed hashes. So its
size is exact, every row's probability is known, more rows are a top-up that
keeps the earlier ones, and every machine draws the same.
"""

from __future__ import annotations

import heapq
import math

import numpy as np

from pipelines.columns.buffers import Floats, Int64s
from pipelines.sampling.cells import exact_sums
from pipelines.sampling.population import GRID, MISSING
from pipelines.sampling.strata import FLOOR, Strata

TEMPERED_FROM = 200  # answers of a job; before, the scores have not earned trust
_TRUST = 0.25  # the share of the scores' advice in the tempered rule


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
