"""Allocation against exhaustive search, draws against a full sort, and their probabilities."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.sampling.allocation import allocate, targets
from pipelines.sampling.draws import Draw, draw, push_order
from pipelines.sampling.population import CodedText, Population, score_grid
from pipelines.sampling.strata import Strata

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=8)
WEIGHTS = st.integers(1, 100)


@st.composite
def designs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and wanted rows of up to 8 strata."""
    sizes = draw(SIZES)
    wanted = draw(st.lists(WEIGHTS, min_size=len(sizes), max_size=len(sizes)))
    return np.array(sizes), np.array(wanted, dtype=np.float64)


def _population(strata: list[int], seed: int = 0) -> tuple[Population, Strata]:
    rows = len(strata)
    random = np.random.default_rng(seed)
    ids, draws = random.integers(0, 2**64, (2, rows, 2), dtype=np.uint64)
    population = Population(ids, draws, CodedText.single("", rows), score_grid(np.full(rows, 0.5)))
    names = tuple(str(h) for h in range(max(strata, default=-1) + 1))
    return population, Strata(names, np.array(strata, dtype=np.int32))


@given(designs(), st.integers(0, 500))
def test_spends_the_budget_exactly(design: tuple[np.ndarray, np.ndarray], budget: int) -> None:
    """Or takes all rows; two of each stratum, or all it has, as soon as that can be paid."""
    sizes, wanted = design
    assume(budget >= len(sizes))

    allocated = allocate(sizes, wanted, budget)

    assert allocated.sum() == min(budget, sizes.sum())
    assert (allocated >= 1).all()
    assert (allocated <= sizes).all()
    if budget >= 2 * len(sizes):
        assert (allocated >= np.minimum(sizes, 2)).all()


@given(designs(), st.integers(0, 400), st.integers(0, 100))
def test_a_larger_budget_only_adds(
    design: tuple[np.ndarray, np.ndarray], budget: int, more: int
) -> None:
    """So a top-up is what the larger budget would have drawn at once."""
    sizes, wanted = design
    assume(budget >= len(sizes))
    first = allocate(sizes, wanted, budget)

    whole = allocate(sizes, wanted, budget + more)

    assert (whole >= first).all()
    assert np.array_equal(allocate(sizes, wanted, budget + more, at_least=first), whole)


def test_no_other_allocation_has_less_variance() -> None:
    """The sum of wanted² / n is the least of all allocations with the same floors and caps."""
    random = np.random.default_rng(1)
    for _ in range(300):
        sizes, wanted = random.integers(1, 10, 3), random.integers(1, 50, 3).astype(np.float64)
        floors = np.minimum(sizes, 2)
        budget = int(random.integers(floors.sum(), sizes.sum() + 1))
        ranges = [range(low, high + 1) for low, high in zip(floors, sizes, strict=True)]

        allocated = allocate(sizes, wanted, budget)

        others = np.array([n for n in product(*ranges) if sum(n) == budget])
        best = (wanted**2 / others).sum(axis=1).min()
        assert (wanted**2 / allocated).sum() == pytest.approx(best, rel=1e-12)


def test_ties_go_to_the_first_stratum() -> None:
    assert allocate(np.array([9, 9, 9]), np.ones(3), 10).tolist() == [4, 3, 3]


def test_a_top_up_keeps_what_was_drawn_for_other_wishes() -> None:
    """Rows that were asked stay asked, also where the scores now say otherwise."""
    sizes, first = np.array([100, 100]), np.array([40, 2])

    assert allocate(sizes, np.array([1.0, 9.0]), 60, at_least=first).tolist() == [40, 20]


@pytest.mark.parametrize(
    "budget, at_least, problem",
    [
        (1, None, "does not reach for one row"),
        (5, [4, 3], "fewer than"),
        (50, [11, 3], "than it has"),
    ],
)
def test_refuses_what_would_break_a_probability(
    budget: int, at_least: list[int] | None, problem: str
) -> None:
    earlier = None if at_least is None else np.array(at_least)

    with pytest.raises(ValueError, match=problem):
        allocate(np.array([10, 10]), np.ones(2), budget, at_least=earlier)


def test_allocates_by_size_until_the_scores_have_earned_trust() -> None:
    _, strata = _population([0] * 30 + [1] * 70)
    points = np.repeat([500_000, 999_999], [30, 70])

    assert targets(strata, points, answers_seen=199).tolist() == [30, 70]
    assert targets(strata, points, answers_seen=200)[0] > 30


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.floats(0, 1)), min_size=1, max_size=40))
def test_is_the_tempered_rule(rows: list[tuple[int, float | None]]) -> None:
    """N_h sqrt(.75 + .25 r_h), with r_h from the scores that are known."""
    _, strata = _population([h for h, _ in rows])
    grid = score_grid(np.array([np.nan if score is None else score for _, score in rows]))

    seen = targets(strata, grid.points, answers_seen=1000)

    m = np.where(grid.points < 0, np.nan, grid.points / 1e6)
    doubt = m * (1 - m)
    for h, size in enumerate(strata.sizes.tolist()):
        mine, everyone = doubt[(strata.codes == h) & (m >= 0)], doubt[m >= 0]
        ratio = mine.mean() / everyone.mean() if len(mine) and everyone.sum() > 0 else 1.0
        assert seen[h] == pytest.approx(size * np.sqrt(0.75 + 0.25 * ratio))


def test_predicted_numbers_stay_proportional() -> None:
    """Without any score there is no advice to follow."""
    _, strata = _population([0] * 3 + [1] * 7)

    assert targets(strata, np.full(10, -1), answers_seen=999).tolist() == [3, 7]


def test_sums_of_doubt_are_exact() -> None:
    """Beyond 2**53, where adding floats one by one would depend on their order."""
    points = np.random.default_rng(3).integers(0, 10**6 + 1, 300_000)
    _, strata = _population([0, 1] * 150_000)
    order = np.random.default_rng(4).permutation(len(points))
    shuffled = Strata(strata.names, strata.codes[order])

    one = targets(strata, points, answers_seen=500)
    other = targets(shuffled, points[order], answers_seen=500)

    assert one.tolist() == other.tolist()


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 9), st.data())
def test_takes_the_smallest_hashes_of_each_stratum(
    codes: list[int], seed: int, data: st.DataObject
) -> None:
    """As sorting all rows would, in order of stratum and rank."""
    population, strata = _population(codes, seed)
    population.draws[:, 0] //= np.uint64(2**62)  # many ties, to be broken by the rest
    allocated = np.array([data.draw(st.integers(0, size)) for size in strata.sizes.tolist()], int)

    drawn = draw(population, strata, allocated)

    expected = []
    for h, take in enumerate(allocated.tolist()):
        keys = [
            (*population.draws[i].tolist(), *population.ids[i].tolist(), i)
            for i in range(len(codes))
            if codes[i] == h
        ]
        expected += [(key[-1], h, rank) for rank, key in enumerate(sorted(keys)[:take], start=1)]
    assert [*zip(*_lists(drawn), strict=True)] == expected


def _lists(drawn: Draw) -> tuple[list[int], list[int], list[int]]:
    return drawn.rows.tolist(), drawn.strata.tolist(), drawn.ranks.tolist()


def test_equal_hashes_go_by_prediction_id() -> None:
    population, strata = _population([0] * 50)
    population.draws[:] = 7

    drawn = draw(population, strata, np.array([3]))

    ids = [tuple(row) for row in population.ids.tolist()]
    assert [ids[row] for row in drawn.rows.tolist()] == sorted(ids)[:3]


def test_finds_the_sample_of_an_unlikely_stratum() -> None:
    """All hashes in the upper half: the shortcut by expected hash must not lose rows."""
    population, strata = _population([0] * 5000 + [1] * 5000)
    population.draws[:5000, 0] |= np.uint64(2**63)

    drawn = draw(population, strata, np.array([40, 40]))

    smallest = np.sort(population.draws[:5000, 0])[:40]
    assert np.array_equal(population.draws[drawn.rows[:40], 0], smallest)
    assert (drawn.strata == np.repeat([0, 1], 40)).all()


def test_the_sample_does_not_depend_on_the_order_of_rows() -> None:
    population, strata = _population([0, 1, 2] * 1000)
    order = np.random.default_rng(5).permutation(3000)
    everyone = np.zeros(3000, dtype=bool)
    shuffled = Population(
        population.ids[order],
        population.draws[order],
        CodedText.single("", 3000),
        score_grid(np.full(3000, 0.5)),
    )

    one = draw(population, strata, np.array([20, 30, 40]))
    other = draw(shuffled, Strata(strata.names, strata.codes[order]), np.array([20, 30, 40]))

    everyone[order[other.rows]] = True
    assert np.array_equal(order[other.rows], one.rows)
    assert everyone.sum() == 90


def test_every_row_is_drawn_with_its_probability() -> None:
    """Over 3,000 seeds each row of a stratum comes in n_h / N_h of the samples."""
    codes = [0] * 12 + [1] * 30
    allocated = np.array([6, 3])
    counts = np.zeros(len(codes))
    for seed in range(3000):
        counts[draw(*_population(codes, seed), allocated).rows] += 1

    expected = np.repeat([6 / 12, 3 / 30], [12, 30])
    spread = np.sqrt(expected * (1 - expected) / 3000)
    assert (np.abs(counts / 3000 - expected) < 4.5 * spread).all()


@given(designs(), st.integers(20, 100), st.floats(0, 1), st.integers(0, 9))
def test_every_beginning_of_the_queue_is_nearly_proportional(
    design: tuple[np.ndarray, np.ndarray], budget: int, share: float, seed: int
) -> None:
    """Whoever stops after a share of the questions has that share of each stratum, within one."""
    sizes, wanted = design
    allocated = allocate(sizes, wanted, budget)
    ranks = np.concatenate([np.arange(1, n + 1) for n in allocated])
    strata = np.repeat(np.arange(len(sizes)), allocated)
    offsets = np.random.default_rng(seed).random(len(sizes))

    places = push_order(ranks, allocated[strata], offsets[strata])

    asked = np.bincount(strata[places <= share], minlength=len(sizes))
    assert (np.abs(asked - share * allocated) < 1).all()
    assert ((places > 0) & (places <= 1)).all()


@pytest.mark.parametrize("first", [8, 13, 30, 75])
def test_the_first_questions_are_a_stratified_sample(first: int) -> None:
    """Over classes and batches: their mean is that of all questions, however large a stratum is.

    Two batches, one of 100 questions in large and small strata, one of 50.
    Half a rank for all asked the large strata first: 8 questions missed by .15.
    """
    allocated = np.array([40, 30, *[2] * 15, 30, *[4] * 5])
    said = np.repeat([0.9, 0.5, *[0.2] * 15, 0.8, *[0.1] * 5], allocated)
    ranks = np.concatenate([np.arange(1, n + 1) for n in allocated])
    strata = np.repeat(np.arange(len(allocated)), allocated)
    rng = np.random.default_rng(first)

    means = [
        said[
            np.argsort(push_order(ranks, allocated[strata], rng.random(len(allocated))[strata]))[
                :first
            ]
        ].mean()
        for _ in range(4_000)
    ]

    assert np.mean(means) == pytest.approx(said.mean(), abs=0.012)
