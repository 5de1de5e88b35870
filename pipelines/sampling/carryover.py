"""A draw that survives the replacement of its batch by other rows.

Answers belong to rows, not to versions: what people said of a row is said of
every version's prediction of it, so a new version is judged without asking anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Bools, Hashes, Int64s
from pipelines.sampling.allocation import FLOOR
from pipelines.sampling.population import Population
from pipelines.sampling.strata import Strata, stratify


@dataclass(frozen=True, slots=True)
class EarlierDraw:
    """What was drawn from the N predictions that a batch had before it was replaced."""

    ids: Hashes  # (N, 2)
    strata: Strata  # (N,)
    sampled: Bools  # (N,)

    def places(self, ids: Hashes) -> Int64s:
        """Look up ids (n, 2) in this draw: their places (n,), -1 where an id is not in it.

        Both sides are sorted, for looking up in order is ten times as fast.
        """
        order, asking = np.argsort(self.ids[:, 0]), np.argsort(ids[:, 0])
        at = np.searchsorted(self.ids[order, 0], ids[asking, 0])
        places = np.full(len(ids), -1, dtype=np.int64)
        while len(asking):  # again only where ids share their high 64 bits
            inside = at < len(order)
            asking, at = asking[inside], at[inside]
            candidates = order[at]
            is_same = (self.ids[candidates] == ids[asking]).all(axis=1)
            places[asking[is_same]] = candidates[is_same]
            again = ~is_same & (self.ids[candidates, 0] == ids[asking, 0])
            asking, at = asking[again], at[again] + 1
        return places


@dataclass(frozen=True, slots=True)
class Carried:
    """An earlier draw, on the predictions that a batch has now."""

    strata: Strata  # (n,): the old ones that still have rows, then those of new keys
    at_least: Int64s  # (H,), sampled rows that are still there
    budget: int  # the job's, or more where new keys need it


def carry_over(
    earlier: EarlierDraw, population: Population, budget: int, cohorts: Sequence[str] = ()
) -> Carried:
    """Keep a draw after its batch was replaced: same keys, other predictions.

    Rows that are still there keep their stratum; new keys form strata of their
    own; gone rows leave their stratum's size and its sample alike. What is left
    of a stratum's sample is then the smallest hashes of what is left of the
    stratum: given its size, a simple random sample of it, whichever rows went.
    So the result is passed on as any other design is::

        carried = carry_over(earlier, population, budget)
        allocated = allocate(
            carried.strata.sizes, wanted, carried.budget, at_least=carried.at_least
        )
        drawn = draw(population, carried.strata, allocated)

    and `drawn` holds every row of the earlier sample that is still there.

    Args:
        earlier: the draw, with the hashes of the same seed, purpose and batch.
        population: what the batch has now.
        budget: of the job.
        cohorts: as for `stratify`, for the new keys.

    Returns:
        The strata of what the batch has now, and what the draw must hold of each.

    Source: Cochran, Sampling Techniques (1977), ch. 2, on means over
        subpopulations: given how many of the sampled rows lie in one, they are
        a simple random sample of it.
    """
    places = earlier.places(population.ids)
    kept = places >= 0
    fresh = population.where(~kept)
    asked_anew = math.ceil(min(budget / max(len(population), 1), 1.0) * len(fresh))
    supplement = stratify(fresh, asked_anew, cohorts)
    codes = np.empty(len(population), dtype=np.int32)
    codes[kept] = earlier.strata.codes[places[kept]]
    codes[~kept] = supplement.codes + len(earlier.strata.names)
    sampled = np.zeros(len(population), dtype=np.bool_)
    sampled[kept] = earlier.sampled[places[kept]]
    strata = _without_empty(Strata(_names(earlier.strata, supplement), codes))
    at_least = np.bincount(strata.codes[sampled], minlength=len(strata.names))
    lacking = np.maximum(np.minimum(strata.sizes, FLOOR) - at_least, 0).sum()
    needed = int(at_least.sum() + max(asked_anew, lacking))
    return Carried(strata, at_least, max(budget, needed))


def _names(old: Strata, supplement: Strata) -> tuple[str, ...]:
    """Name all strata: old names stay, and strata of new keys say which replacement brought them."""
    number = 1
    while any(name.startswith(f"new {number} · ") for name in old.names):
        number += 1
    return (*old.names, *(f"new {number} · {name}" for name in supplement.names))


def _without_empty(strata: Strata) -> Strata:
    """Leave out the strata whose rows are all gone."""
    used = strata.sizes > 0
    names = tuple(name for name, kept in zip(strata.names, used.tolist(), strict=True) if kept)
    return Strata(names, (np.cumsum(used) - 1).astype(np.int32)[strata.codes])
