"""A draw outlives its batch's replacement, and its estimate stays unbiased."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sampling.allocation import allocate
from pipelines.sampling.carryover import Carried, EarlierDraw, carry_over
from pipelines.sampling.draws import draw
from pipelines.sampling.population import CodedText, Population, score_grid
from pipelines.sampling.strata import Strata

LABELS = ("late", "on time")


def _population(keys: np.ndarray, labels: np.ndarray, seed: int) -> Population:
    """Rows whose hashes depend on their key and the seed alone."""
    table = np.random.default_rng(seed).integers(0, 2**64, (2, 400, 2), dtype=np.uint64)
    ids, draws = table[:, keys]
    codes = CodedText("label", labels.astype(np.int32), LABELS)
    return Population(ids, draws, codes, score_grid(np.full(len(keys), np.nan)))


def _drawn(population: Population, strata: Strata, allocated: np.ndarray) -> EarlierDraw:
    sampled = np.zeros(len(population), dtype=np.bool_)
    sampled[draw(population, strata, allocated).rows] = True
    return EarlierDraw(population.ids, strata, sampled)


def _first(population: Population, allocated: tuple[int, int]) -> EarlierDraw:
    strata = Strata(LABELS, population.labels.codes)
    return _drawn(population, strata, np.array(allocated))


def _next(carried: Carried, population: Population) -> EarlierDraw:
    sizes = carried.strata.sizes
    allocated = allocate(sizes, sizes.astype(float), carried.budget, at_least=carried.at_least)
    return _drawn(population, carried.strata, allocated)


def _ids(draws: EarlierDraw) -> set[tuple[int, ...]]:
    return {tuple(row) for row in draws.ids[draws.sampled].tolist()}


@settings(deadline=None)
@given(
    st.sets(st.integers(0, 399), min_size=1),
    st.sets(st.integers(0, 399), min_size=1),
    st.integers(0, 5),
    st.integers(1, 60),
)
def test_asks_the_same_rows_and_new_ones(
    before: set[int], after: set[int], seed: int, budget: int
) -> None:
    """Sampled rows that are still there stay; kept rows keep their stratum; no probability is 0."""
    old_keys, keys = np.array(sorted(before)), np.array(sorted(after))[::-1]
    old = _population(old_keys, old_keys % 2, seed)
    present = np.bincount(old_keys % 2, minlength=2)
    earlier = _first(old, tuple(np.minimum(present, 10)))
    new = _population(keys, keys // 2 % 2, seed)

    carried = carry_over(earlier, new, budget)
    sample = _next(carried, new)

    everyone = {tuple(row) for row in new.ids.tolist()}
    assert _ids(earlier) & everyone <= _ids(sample)
    names = [carried.strata.names[code] for code in carried.strata.codes.tolist()]
    for key, name in zip(keys.tolist(), names, strict=True):
        assert name == LABELS[key % 2] if key in before else name.startswith("new 1 · ")
    assert (np.bincount(carried.strata.codes[sample.sampled]) >= 1).all()
    assert sample.sampled.sum() == min(carried.budget, len(keys))


def test_the_same_keys_ask_nothing_more() -> None:
    """Other predictions of the same rows change neither strata nor sample."""
    keys = np.arange(300)
    earlier = _first(_population(keys, keys % 2, 1), (20, 30))
    new = _population(keys[::-1], keys // 3 % 2, 1)

    carried = carry_over(earlier, new, 50)

    assert carried.strata.names == LABELS
    assert carried.strata.sizes.tolist() == [150, 150]
    assert carried.at_least.tolist() == [20, 30]
    assert carried.budget == 50
    assert _ids(_next(carried, new)) == _ids(earlier)


def test_new_keys_are_asked_at_the_rate_of_the_job() -> None:
    """100 new rows in 400 get a quarter of the budget, although it was spent."""
    keys = np.arange(400)
    earlier = _first(_population(keys[:300], keys[:300] % 2, 1), (20, 20))

    carried = carry_over(earlier, _population(keys, keys % 2, 1), 40)

    assert carried.strata.names == ("late", "on time", "new 1 · late", "new 1 · on time")
    assert carried.at_least.tolist() == [20, 20, 0, 0]
    assert carried.budget == 50


def test_a_stratum_without_rows_disappears() -> None:
    keys = np.arange(100)
    earlier = _first(_population(keys, keys % 2, 1), (5, 5))

    carried = carry_over(earlier, _population(keys[1::2], keys[1::2] % 2, 1), 10)

    assert carried.strata.names == ("on time",)
    assert carried.at_least.tolist() == [5]


def test_each_replacement_names_its_own_strata() -> None:
    keys = np.arange(400)
    populations = [_population(keys[:end], keys[:end] % 2, 1) for end in (200, 300, 400)]
    earlier = _first(populations[0], (20, 20))

    for population in populations[1:]:
        carried = carry_over(earlier, population, 40)
        earlier = _next(carried, population)

    names = carried.strata.names
    assert names == (
        "late",
        "on time",
        "new 1 · late",
        "new 1 · on time",
        "new 2 · late",
        "new 2 · on time",
    )


def test_ids_that_share_their_high_half_are_told_apart() -> None:
    """Half of an identifier is not the identifier."""
    low = np.arange(8, dtype=np.uint64)
    ids = np.column_stack([np.full_like(low, 7), low])
    labels, grid = CodedText("label", np.zeros(7, np.int32), LABELS), score_grid(np.full(7, 0.5))
    old = Population(ids[:7], ids[:7], labels, grid)
    new = Population(ids[::-1][:7], ids[::-1][:7], labels, grid)
    strata = Strata(tuple("abcdefg"), np.arange(7, dtype=np.int32))

    carried = carry_over(EarlierDraw(old.ids, strata, np.ones(7, np.bool_)), new, 7)

    seen = [carried.strata.names[code] for code in carried.strata.codes.tolist()]
    assert seen == ["new 1 · late", "g", "f", "e", "d", "c", "b"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_estimate_is_unbiased_whichever_rows_went(seed: int) -> None:
    """1,500 replays in which wrong rows leave far more often, and new rows are better.

    Strata are weighted by what is left of them; the mean over replays is the
    accuracy of the batch as it is now, within four standard errors.
    """
    random = np.random.default_rng(seed)
    right = random.random(400) < np.where(np.arange(400) < 300, 0.7, 0.95)
    stays = random.random(300) < np.where(right[:300], 0.95, 0.4)
    keys = np.append(np.flatnonzero(stays), np.arange(300, 400))
    labels = np.arange(400) % 3 == 0
    estimates = []
    for replay in range(1500):
        old = _population(np.arange(300), labels[:300], replay)
        new = _population(keys, ~labels[keys], replay)
        earlier = _first(old, (30, 30))
        carried = carry_over(earlier, new, 60)
        sampled = _next(carried, new).sampled
        codes, sizes = carried.strata.codes, carried.strata.sizes
        means = np.bincount(codes[sampled], right[keys][sampled]) / np.bincount(codes[sampled])
        estimates.append((sizes * means).sum() / sizes.sum())

    error = np.mean(estimates) - right[keys].mean()
    assert abs(error) < 4 * np.std(estimates) / np.sqrt(len(estimates))
    assert abs(right[:300].mean() - right[keys].mean()) > 0.04  # the old batch is no answer
