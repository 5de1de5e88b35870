"""Strata follow the ladder and the merging rule, and nothing but counts and text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.columns.buffers import texts
from pipelines.identity.keyed_hash import hashes
from pipelines.sampling.population import CodedText, Population, score_grid, value_grid
from pipelines.sampling.strata import Strata, stratify

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["late", "on time", "cancelled"]),
        st.none() | st.integers(0, 40),
        st.none() | st.sampled_from(["AA", "B6", "UA", "other"]),
        st.sampled_from(["EWR", "JFK"]),
    ),
    min_size=1,
    max_size=150,
)


def _population(rows: Sequence[tuple[str, float | None, str | None, str]]) -> Population:
    """Rows of (label, score in fortieths, carrier, origin)."""
    labels, scores, carriers, origins = zip(*rows, strict=True)
    keys = texts(str(row) for row in range(len(rows)))
    return Population(
        hashes(b"prediction ids--", keys),
        hashes(b"draws-----------", keys),
        CodedText.of("label", texts(labels)),
        score_grid(np.array([np.nan if s is None else s / 40 for s in scores])),
        (CodedText.of("carrier", texts(carriers)), CodedText.of("origin", texts(origins))),
    )


def _named(strata: Strata) -> list[str]:
    return [strata.names[code] for code in strata.codes.tolist()]


def _even(labels: int, per_label: int) -> list[tuple[str, float | None, str | None, str]]:
    """Every label with scores spread evenly."""
    return [
        (f"l{i}", 40 * j / per_label, "AA", "EWR") for i in range(labels) for j in range(per_label)
    ]


@settings(deadline=None)
@given(ROWS, st.integers(1, 200), st.randoms())
def test_is_a_partition_that_depends_on_no_order(rows: list, budget: int, random: object) -> None:
    """Distinct names, no empty stratum, few enough; shuffled rows keep their stratum."""
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]

    strata = stratify(_population(rows), budget, ["carrier", "origin"])
    shuffled = stratify(_population([rows[i] for i in order]), budget, ["carrier", "origin"])

    assert len(set(strata.names)) == len(strata.names) <= max(budget // 4, 1)
    assert (strata.sizes > 0).all()
    assert strata.sizes.sum() == len(rows)
    assert shuffled.names == strata.names
    assert _named(shuffled) == [_named(strata)[i] for i in order]


@settings(deadline=None)
@given(ROWS, st.integers(16, 400))
def test_a_small_stratum_is_a_whole_label(rows: list, budget: int) -> None:
    """Fewer than 4 rows are left only where the label has no neighbour for them."""
    strata = stratify(_population(rows), budget, ["carrier", "origin"])

    for code, size in enumerate(strata.sizes.tolist()):
        if size < 4 and strata.names[code] != "other":
            labels = {rows[i][0] for i in np.flatnonzero(strata.codes == code)}
            (label,) = labels
            assert size == sum(row[0] == label for row in rows)


@settings(deadline=None)
@given(ROWS, st.integers(16, 400))
def test_rows_alike_share_a_stratum(rows: list, budget: int) -> None:
    """Two rows of the same label, score and cohorts are never divided."""
    names = _named(stratify(_population(rows), budget, ["carrier", "origin"]))

    assert len({*zip(rows, names, strict=True)}) == len(set(rows))


@pytest.mark.parametrize(
    "budget, strata",
    [(40, 10), (39, 6), (24, 6), (23, 4), (16, 4), (15, 2), (8, 2), (7, 1), (1, 1)],
)
def test_goes_down_the_ladder_as_the_budget_shrinks(budget: int, strata: int) -> None:
    """Two labels: × 5 bins, × 3, × 2, labels alone, one for all; never over budget / 4."""
    assert len(stratify(_population(_even(2, 100)), budget).names) == strata


def test_drops_the_last_cohort_first() -> None:
    """5 bins × 2 carriers × 2 origins need 80 questions; without the origins 40."""
    rows = [
        ("late", 40 * i / 400, ("AA", "UA")[i % 2], ("EWR", "JFK")[i // 2 % 2]) for i in range(400)
    ]
    population = _population(rows)

    counts = [
        len(stratify(population, budget, ["carrier", "origin"]).names)
        for budget in (80, 79, 40, 39)
    ]

    assert counts == [20, 10, 10, 5]
    assert stratify(population, 79, ["carrier", "origin"]).names[:2] == (
        "late · score below 0.2 · carrier=AA",
        "late · score below 0.2 · carrier=UA",
    )


def test_bins_hold_equal_numbers_of_rows() -> None:
    assert stratify(_population(_even(1, 103)), 20).sizes.tolist() == [21, 21, 20, 21, 20]


def test_equal_scores_share_a_bin() -> None:
    """Half of the rows at one score make one stratum, and the bins are fewer."""
    rows = [("late", 20.0, "AA", "EWR")] * 50 + _even(1, 50)
    rows = [("late", *row[1:]) for row in rows]

    strata = stratify(_population(rows), 400)

    assert max(strata.sizes) >= 51
    assert len(strata.names) < 5


def test_pools_the_rarest_labels_when_there_are_too_many() -> None:
    """5 strata for 8 labels: the 4 commonest, ties by text, and all others."""
    rows: list = [("common", 1.0, "AA", "EWR")] * 30
    rows += [(letter, 1.0, "AA", "EWR") for letter in "abcdefg" for _ in range(10)]

    strata = stratify(_population(rows), 20)

    assert strata.names == ("a", "b", "c", "common", "other")
    assert strata.sizes.tolist() == [10, 10, 10, 30, 40]


def test_small_strata_of_a_label_join_where_they_would_take_the_questions_of_others() -> None:
    """1 % of the rows get 4 of 50 questions, and not 2 in each of 5 bins; of 400 they do."""
    rows = [("rare", i % 40, "AA", "EWR") for i in range(40)]
    rows += [("common", i % 40, "AA", "EWR") for i in range(3_960)]
    population = _population(rows)

    rare = [
        sum(name.startswith("rare") for name in stratify(population, budget).names)
        for budget in (50, 400)
    ]

    assert rare == [2, 5]


def test_labels_that_would_take_the_questions_of_others_become_one() -> None:
    """12 labels of 10 rows among 4,000; the common one keeps its bins of scores."""
    rows = [(letter, 20.0, "AA", "EWR") for letter in "abcdefghijkl" for _ in range(10)]
    rows += [("common", i % 40, "AA", "EWR") for i in range(3_880)]

    strata = stratify(_population(rows), 100)

    assert strata.names[-1] == "other"
    assert sum(name.startswith("common") for name in strata.names) == 5
    assert len(strata.names) == 10


@settings(deadline=None)
@given(ROWS, st.integers(8, 400))
def test_small_strata_take_a_fourteenth_of_the_questions_at_most(rows: list, budget: int) -> None:
    """What the floor of 2 rows adds to a stratum's part of the budget, in all."""
    sizes = stratify(_population(rows), budget, ["carrier", "origin"]).sizes

    added = np.maximum(2 - budget * sizes / len(rows), 0).sum()

    assert len(sizes) == 1 or added <= budget / 14 + 1e-9


def test_small_cells_join_their_neighbour_along_one_dimension() -> None:
    """The name says how far a merged stratum reaches."""
    counts = {"AA": 3, "B6": 2, "DL": 9, "UA": 1}
    rows: list = [("late", 20.0, carrier, "EWR") for carrier, n in counts.items() for _ in range(n)]

    strata = stratify(_population(rows), 60, ["carrier"])

    assert strata.names == ("late · carrier=AA to B6", "late · carrier=DL to UA")
    assert strata.sizes.tolist() == [5, 10]


def test_missing_scores_are_a_stratum() -> None:
    rows: list = [("late", None, "AA", "EWR")] * 5 + [("late", 30.0, None, "EWR")] * 5

    names = stratify(_population(rows), 60, ["carrier"]).names

    assert names == ("late · score missing · carrier=AA", "late · score known · carrier=(missing)")


def test_numbers_are_divided_by_their_size() -> None:
    """A regression has no label and no score: bins of the predicted value."""
    ids = np.arange(200, dtype=np.uint64).reshape(100, 2)
    values = value_grid(np.arange(100) * 100 / 99 - 12.5)
    population = Population(ids, ids, CodedText.single("label", 100), values)

    strata = stratify(population, 20)

    assert strata.names[0] == "value below 7"
    assert strata.names[-1].startswith("value from ")
    assert strata.sizes.tolist() == [20] * 5


def test_names_that_a_label_makes_equal_are_numbered() -> None:
    rows: list = [("other", 1.0, "AA", "EWR")] * 50
    rows += [(letter, 1.0, "AA", "EWR") for letter in "xy" for _ in range(20)]

    assert stratify(_population(rows), 8).names == ("other (1)", "other (2)")


def test_an_empty_batch_has_no_strata() -> None:
    nothing = np.zeros((0, 2), dtype=np.uint64)
    population = Population(nothing, nothing, CodedText.single("", 0), score_grid(np.zeros(0)))

    assert stratify(population, 100).names == ()


def test_a_partition_of_too_many_cells_is_never_built() -> None:
    """20,000 carriers are skipped, not counted into 100,000 cells."""
    rows: list = [("late", i % 40, f"c{i}", "EWR") for i in range(20_000)]

    strata = stratify(_population(rows), 10**6, ["carrier"])

    assert len(strata.names) == 5
