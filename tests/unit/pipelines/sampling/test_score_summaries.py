"""What a draw keeps of all scores: right, whatever the order of the rows, and never large."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling.population import (
    CodedText,
    Population,
    score_grid,
    value_grid,
)
from pipelines.sampling.score_summaries import LIMIT, Summaries, summarize
from pipelines.sampling.strata import Strata, stratify

NAMES = ("a", "b", "c")
SCORES = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 1 / 64, 0.5, float("nan")])
NUMBERS = st.floats(-1e12, 1e12) | st.just(float("nan"))


def rows_of(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[int, Any, float]]]:
    """Rows of a stratum, a carrier or none, and a number."""
    carrier = st.none() | st.sampled_from(["UA", 'x"y', "ü"])
    return st.lists(st.tuples(st.integers(0, 2), carrier, numbers), max_size=30)


def columns(rows: list[tuple[int, Any, float]]) -> tuple[Strata, list[float], CodedText]:
    values = tuple(dict.fromkeys(carrier for _, carrier, _ in rows if carrier))
    codes = [values.index(carrier) if carrier else -1 for _, carrier, _ in rows]
    strata = Strata(NAMES, np.array([stratum for stratum, *_ in rows], np.int32))
    return (
        strata,
        [number for *_, number in rows],
        CodedText("carrier", np.array(codes, np.int32), values),
    )


def summary(rows: list[tuple[int, Any, float]], *, scores: bool = True) -> Summaries | None:
    strata, numbers, carrier = columns(rows)
    column = np.array(numbers, np.float64)
    return summarize(strata, score_grid(column) if scores else value_grid(column), [carrier])


def in_domains(rows: list[tuple[int, Any, float]]) -> dict[tuple[int, str], list[float]]:
    """The numbers of each stratum and domain, those missing left out."""
    cells: dict[tuple[int, str], list[float]] = {}
    for stratum, carrier, number in rows:
        for name in ["", *([f"carrier={carrier}"] if carrier else [])]:
            if number == number:  # noqa: PLR0124 -- not NaN
                cells.setdefault((stratum, name), []).append(number)
    return cells


def read(texts: tuple[str, ...]) -> dict[tuple[int, str], Any]:
    parsed = [json.loads(text) for text in texts]
    return {(h, name): held for h, one in enumerate(parsed) for name, held in one.items()}


@given(rows_of(SCORES))
def test_scores_are_summed_exactly(rows: list[tuple[int, Any, float]]) -> None:
    """The same as integers in a loop, by stratum and domain, with the rows of each bin."""
    made, cells = summary(rows), in_domains(rows)

    if not cells:
        assert made is None
        return
    assert made is not None
    sums, histograms = read(made.sums), read(made.histograms)
    assert sums.keys() == histograms.keys() == cells.keys()
    for cell, scores in cells.items():
        points = [round(score * 1e6) for score in scores]
        assert sums[cell] == [len(points), sum(points), sum(point * point for point in points)]
        bins = [min(point * 64 // 1_000_000, 63) for point in points]
        assert histograms[cell] == {str(one): bins.count(one) for one in bins}


@given(rows_of(NUMBERS))
def test_a_sum_of_numbers_is_rounded_once(rows: list[tuple[int, Any, float]]) -> None:
    """The double nearest to the exact sum; numbers have no histogram."""
    made, cells = summary(rows, scores=False), in_domains(rows)

    if not cells:
        assert made is None
        return
    assert made is not None
    sums = read(made.sums)
    assert sums.keys() == cells.keys()
    for cell, numbers in cells.items():
        squares = [number * number for number in numbers]
        exact = [float(sum(map(Fraction, parts), Fraction())) for parts in (numbers, squares)]
        assert sums[cell] == [len(numbers), *exact]
    assert read(made.histograms) == {}
    assert made.histograms_left_out == 0


@pytest.mark.parametrize("kind", ["scores", "numbers"])
@given(rows=rows_of(st.floats(0, 1)), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_byte(
    kind: str, rows: list[tuple[int, Any, float]], random: Any
) -> None:
    moved = random.sample(rows, len(rows))

    once, again = (summary(some, scores=kind == "scores") for some in (rows, moved))

    assert once == again


def test_no_score_is_nothing_and_a_number_without_a_square_too() -> None:
    assert summary([(0, "UA", float("nan"))]) is None
    assert summary([(0, "UA", 1e150), (1, None, 1.0)], scores=False) is None


def many(classes: int, cohorts: int, rows: int = 60_000) -> tuple[Population, list[CodedText]]:
    rng = np.random.default_rng(5)
    names = tuple(f"class number {number}" for number in range(classes))
    labels = CodedText("label", rng.zipf(1.3, rows).clip(max=classes).astype(np.int32) - 1, names)
    columns = [
        CodedText(
            f"cohort {number}", rng.integers(-1, 9, rows).astype(np.int32), tuple("abcdefghi")
        )
        for number in range(cohorts)
    ]
    ids = rng.integers(0, 2**64, (rows, 2), dtype=np.uint64)
    return Population(ids, ids, labels, score_grid(rng.random(rows)), tuple(columns)), columns


@pytest.mark.parametrize("budget", [8, 300, 20_000])
def test_a_thousand_classes_and_forty_cohorts_take_no_more_than_the_limit(budget: int) -> None:
    """The sums of whole strata are all there; their histograms, unless strata are very many."""
    population, cohorts = many(1000, 40)
    strata = stratify(population, budget)

    made = summarize(strata, population.grid, cohorts)

    assert made is not None
    assert sum(len(text.encode()) for text in (*made.sums, *made.histograms)) <= LIMIT
    sums, histograms = read(made.sums), read(made.histograms)
    assert {h for h, name in sums if not name} == set(range(len(strata.names)))
    drawn = {h for h, name in histograms if not name}
    assert drawn == (set(range(len(strata.names))) if budget < 20_000 else set())
    assert len({name for _, name in sums}) == 361 - made.sums_left_out
    assert len({name for _, name in histograms}) == 361 - made.histograms_left_out
    assert made.histograms_left_out >= made.sums_left_out


@given(st.integers(0, 3000))
def test_histograms_go_before_sums_and_small_domains_before_large(limit: int) -> None:
    """What is kept is as if everything was, without some; and what fits is kept."""
    rng = np.random.default_rng(1)
    strata = Strata(NAMES, rng.integers(0, 3, 500).astype(np.int32))
    sizes = np.repeat(np.arange(4), [300, 120, 60, 20]).astype(np.int32)
    cohort, grid = CodedText("c", sizes, tuple("dbac")), score_grid(rng.random(500).round(2))

    all_of_it, made = (summarize(strata, grid, [cohort], some) for some in (10**6, limit))

    assert made is not None
    assert all_of_it is not None
    order = ["", "c=d", "c=b", "c=a", "c=c"]
    kept, drawn = (
        {name: None for _, name in read(texts)} for texts in (made.sums, made.histograms)
    )
    assert set(kept) == set(order[: 5 - made.sums_left_out])
    assert set(drawn) == set(order[: 5 - made.histograms_left_out])
    assert made.histograms_left_out >= 4 or made.sums_left_out == 0
    assert all(read(all_of_it.sums)[cell] == held for cell, held in read(made.sums).items())
    assert all(
        read(all_of_it.histograms)[cell] == bins for cell, bins in read(made.histograms).items()
    )
    size = sum(len(text.encode()) for text in (*made.sums, *made.histograms))
    assert size <= limit or set(kept) == {""}
