"""The draw itself: the smallest keyed hashes of each stratum, and the order in which people are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Floats, Hashes, Int32s, Int64s
from pipelines.sampling.population import Population
from pipelines.sampling.strata import Strata

_ALL = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True)
class Draw:
    """The m chosen predictions, by stratum and rank."""

    rows: Int64s  # (m,), places in the population
    strata: Int32s  # (m,)
    ranks: Int64s  # (m,), from 1 within each stratum


def draw(population: Population, strata: Strata, allocated: Int64s) -> Draw:
    """Take the rows with the smallest hashes in each stratum, ties by prediction id.

    Args:
        population: the n predictions.
        strata: of them.
        allocated: rows to take from each (H,), at most its size.

    Returns:
        The chosen rows. Of the 10,000,000 rows of a batch, only those whose hash
        could be among the smallest are ever sorted.
    """
    hashes = population.draws[:, 0]
    limits = _limits(strata.sizes, allocated)
    rows = np.flatnonzero(hashes <= limits[strata.codes])
    short = np.bincount(strata.codes[rows], minlength=len(allocated)) < allocated
    if short.any():  # once in some billion strata
        limits[short] = _ALL
        rows = np.flatnonzero(hashes <= limits[strata.codes])
    keys = (*population.ids[rows].T[::-1], *population.draws[rows].T[::-1], strata.codes[rows])
    rows = rows[np.lexsort(keys)]
    codes = strata.codes[rows]
    ranks = np.arange(1, len(rows) + 1) - np.searchsorted(codes, codes)
    taken = ranks <= allocated[codes]
    return Draw(rows[taken], codes[taken], ranks[taken])


def _limits(sizes: Int64s, allocated: Int64s) -> Hashes:
    """Return hashes (H,) above which a chosen row lies only by rare chance."""
    enough = allocated + 7 * np.sqrt(allocated) + 25  # of a Poisson number of rows
    shares = np.minimum(enough / np.maximum(sizes, 1), 1.0)
    return np.where(shares < 1, (shares * 2.0**63).astype(np.uint64) * np.uint64(2), _ALL)


def push_order(ranks: Int64s, allocated: Int64s, offsets: Floats) -> Floats:
    """Return the places of questions in the queue, from 0 to 1: (m,).

    In ascending order, every beginning of the queue is a stratified sample: a
    part of the queue holds that part of each stratum's questions, rounded up or
    down by chance. So what people have answered when they stop half-way can be used,
    and its average over all chances is what all answers would say.

    Args:
        ranks: of the chosen rows in their strata (m,).
        allocated: to those rows' strata (m,).
        offsets: of those rows' strata (m,), one number of chance within [0, 1)
            for each stratum of each batch. With one half for all, the largest
            strata would come first.

    Returns:
        Places above 0, 1 at most.

    Source: Madow, On the theory of systematic sampling, Ann. Math. Stat. 20 (1949).
    """
    return (ranks - offsets) / allocated
