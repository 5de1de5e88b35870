"""Carry-over: a draw of a batch, applied to the rows that the batch has after it was replaced.

Answers belong to rows, not to versions of a model: what people said of a row is
said of every version's prediction of it, so a new version is judged without asking anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from pipelines.columns.buffers import Bools, Hashes, Int64s
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.population import Population
from pipelines.sampling.strata import FLOOR, Strata, stratify


@dataclass(frozen=True, slots=True)
class EarlierDraw:
    """An earlier draw from a batch, with all N predictions that the batch had then."""

    ids: Hashes  # (N, 2)
    strata: Strata  # (N,)
    sampled: Bools  # (N,), the drawn rows

    def places(self, ids: Hashes) -> Int64s:
        """Return the row numbers (n,) that ids (n, 2) have in this draw, -1 for an id that it lacks.

        Both sides are sorted first, because looking up in order is ten times as fast.
        """
        order, asking = np.argsort(self.ids[:, 0]), np.argsort(ids[:, 0])
        at = np.searchsorted(self.ids[order, 0], ids[asking, 0])
        places = np.full(len(ids), -1, dtype=np.int64)
        while len(asking):  # more than once only if ids share their first 64 bits
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
    """The strata of an earlier draw, over the n predictions that the batch has now."""

    strata: Strata  # the earlier strata that still have rows, then strata of the new keys
    at_least: Int64s  # (H,), sampled rows that the batch still has
    budget: int  # as requested, or more if the new keys need more


def carry_over(
    earlier: EarlierDraw,
    population: Population,
    budget: int,
    cohorts: Sequence[str] = (),
    goal: ClassGoal | None = None,
) -> Carried:
    """Keep a draw after its batch was replaced: same keys, other predictions.

    Rows that the batch still has keep their stratum. New keys form strata of
    their own. Rows that are gone count neither in the size of their stratum nor
    in its sample. The sampled rows that are left are the smallest hashes among
    the rows of the stratum that are left. Given their number, they are a simple
    random sample of those rows, whichever rows are gone. The result is therefore
    used as any other design::

        carried = carry_over(earlier, population, budget)
        allocated = allocate(
            carried.strata.sizes, wanted, carried.budget, at_least=carried.at_least
        )
        drawn = draw(population, carried.strata, allocated)

    and `drawn` holds every row of the earlier sample that the batch still has.

    Args:
        earlier: the earlier draw, with the same seed, purpose and batch.
        population: the n predictions that the batch has now.
        budget: rows to draw in all.
        cohorts: cohorts that may divide the new keys, as in `stratify`.
        goal: the class that is asked more about, as in `stratify`.

    Returns:
        Strata of the n predictions, and the rows that the next draw must take
        at least.

    Source: Cochran, Sampling Techniques (1977), ch. 2, on means over
        subpopulations: given how many of the sampled rows lie in one, they are
        a simple random sample of it.
    """
    places = earlier.places(population.ids)
    was_in_earlier = places >= 0
    places = places[was_in_earlier]
    new = population.where(~was_in_earlier)
    # new keys are asked about at the rate of the whole batch
    budget_of_new = math.ceil(min(budget / max(len(population), 1), 1.0) * len(new))
    supplement = stratify(new, budget_of_new, cohorts, goal)
    codes = np.empty(len(population), dtype=np.int32)
    codes[was_in_earlier] = earlier.strata.codes[places]
    codes[~was_in_earlier] = supplement.codes + len(earlier.strata.names)
    sampled = np.zeros(len(population), dtype=np.bool_)
    sampled[was_in_earlier] = earlier.sampled[places]
    strata = _without_empty(Strata(_names(earlier.strata, supplement), codes))
    at_least = np.bincount(strata.codes[sampled], minlength=len(strata.names))
    lacking = np.maximum(np.minimum(strata.sizes, FLOOR) - at_least, 0).sum()
    needed = int(at_least.sum() + max(budget_of_new, lacking))
    return Carried(strata, at_least, max(budget, needed))


def _names(old: Strata, supplement: Strata) -> tuple[str, ...]:
    """Return the names of all strata; those of new keys begin with the number of the replacement."""
    number = 1
    while any(name.startswith(f"new {number} · ") for name in old.names):
        number += 1
    return (*old.names, *(f"new {number} · {name}" for name in supplement.names))


def _without_empty(strata: Strata) -> Strata:
    """Return strata without those whose rows are all gone."""
    has_rows = strata.sizes > 0
    names = tuple(compress(strata.names, has_rows))
    return Strata(names, (np.cumsum(has_rows) - 1).astype(np.int32)[strata.codes])
