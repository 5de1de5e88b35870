"""A draw for a rare class: its strata, what each deserves, and the goal as it is stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling.allocation import allocate, class_targets
from pipelines.sampling.class_goal import ClassGoal, tempered
from pipelines.sampling.population import MISSING, CodedText, Population, score_grid
from pipelines.sampling.strata import Strata, stratify

F1 = ClassGoal("f1", "fraud")


def population(rows: int = 4000, seed: int = 0, share: float = 0.03) -> Population:
    """A class of few rows, with probabilities that are right."""
    rng = np.random.default_rng(seed)
    ids, draws = rng.integers(0, 2**64, (2, rows, 2), dtype=np.uint64)
    drawn = rng.normal(0, 1, rows) + 3 * (rng.random(rows) < share)
    chance = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + 3 * drawn - 4.5)))
    codes = (chance <= 0.5).astype(np.int32)
    labels = CodedText("label", codes, ("fraud", "usual"))
    scores = score_grid(np.maximum(chance, 1 - chance))
    side = CodedText("side", rng.integers(0, 2, rows).astype(np.int32), ("east", "west"))
    return Population(ids, draws, labels, scores, (side,), score_grid(chance).points)


def test_predicted_rows_are_parted_in_four_and_the_others_by_ranks_that_thin_out() -> None:
    rows = population()

    strata = stratify(rows, 400, (), F1)

    predicted = [name for name in strata.names if name.startswith("fraud · p(fraud)")]
    others = strata.sizes[len(predicted) :]
    assert (len(predicted), len(others)) == (4, 6)
    assert all(name.startswith("other than fraud · p(fraud)") for name in strata.names[4:])
    ratios = others[:-2] / others[1:-1]
    assert ratios == pytest.approx(3, rel=0.1)
    assert np.ptp(strata.sizes[:4]) <= 1


def test_no_stratum_mixes_rows_of_the_class_with_others() -> None:
    rows = population()

    strata = stratify(rows, 400, (), F1)

    inside = rows.labels.holds("fraud")
    assert not set(strata.codes[inside].tolist()) & set(strata.codes[~inside].tolist())


@given(st.integers(1, 300), st.integers(1, 120), st.permutations(range(7)))
def test_strata_depend_on_no_order_and_leave_questions_to_each(
    size: int, budget: int, order: list[int]
) -> None:
    rows = population(size)
    places = np.argsort(np.resize(order, size), kind="stable")
    shuffled = Population(
        rows.ids[places],
        rows.draws[places],
        replace(rows.labels, codes=rows.labels.codes[places]),
        replace(rows.grid, points=rows.grid.points[places]),
        (),
        rows.chances[places],  # type: ignore[index]
    )

    strata, again = stratify(rows, budget, (), F1), stratify(shuffled, budget, (), F1)

    assert strata.names == again.names
    assert np.array_equal(strata.codes[places], again.codes)
    assert len(strata.names) <= max(budget // 4, 1)
    assert (strata.sizes > 0).all()


def test_cohorts_divide_the_parts_where_the_budget_reaches() -> None:
    rows = population()

    assert any("side=east" in name for name in stratify(rows, 400, ["side"], F1).names)
    assert not any("side=" in name for name in stratify(rows, 60, ["side"], F1).names)


def test_a_class_that_was_predicted_nowhere_leaves_the_ranks_of_the_others() -> None:
    rows = population()
    none = replace(rows, labels=CodedText("label", np.zeros(4000, np.int32), ("usual",)))

    strata = stratify(none, 400, (), F1)

    assert len(strata.names) == 6
    assert (class_targets(strata, none, ClassGoal("precision", "fraud")) == strata.sizes).all()
    assert (class_targets(strata, none, F1) > 0).all()


def by_hand(metric: str, strata: Strata, rows: Population) -> np.ndarray:
    """The rule in plain steps, over floats."""
    chance = np.asarray(rows.chances) / 1e6
    inside = rows.labels.holds("fraud")
    least = 0.02 * chance.mean()
    sizes, found, is_class = [], [], []
    for code in range(len(strata.names)):
        own = strata.codes == code
        sizes.append(own.sum())
        is_class.append(inside[own][0])
        top = 0.9 if inside[own][0] else 1 - least
        found.append(min(max(chance[own].mean(), least), top))
    size, q, predicted = np.array(sizes), np.array(found), np.array(is_class)
    a, b, c = (size * q)[predicted].sum(), (size * q)[~predicted].sum(), size[predicted].sum()
    f1, recall = 2 * a / (a + b + c), a / (a + b)
    weight = {"f1": (1 - f1 / 2, f1 / 2), "recall": (1 - recall, recall), "precision": (1, 0)}
    spread = np.where(predicted, *weight[metric]) * np.sqrt(q * (1 - q))
    return size * (0.8 * spread + 0.2 * (size * spread).sum() / size.sum())


@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
def test_targets_are_those_of_the_rule(metric: str) -> None:
    rows = population()
    strata = stratify(rows, 400, (), F1)

    targets = class_targets(strata, rows, ClassGoal(metric, "fraud"))

    assert targets == pytest.approx(by_hand(metric, strata, rows), rel=1e-12)


def test_a_rare_class_gets_far_more_than_its_share_of_the_questions() -> None:
    rows = population()
    strata = stratify(rows, 400, (), F1)

    allocated = allocate(strata.sizes, class_targets(strata, rows, F1), 400)

    inside = rows.labels.holds("fraud")
    asked = allocated[np.unique(strata.codes[inside])].sum()
    assert asked > 5 * 400 * inside.mean()
    assert (allocated >= 2).all()


def test_a_missing_probability_is_that_of_the_average_row() -> None:
    rows = population(100)
    chances = np.full(100, 400_000)
    chances[::2] = MISSING
    one = Strata(("all",), np.zeros(100, np.int32))

    some, all_known = (
        class_targets(one, replace(rows, chances=points), F1)
        for points in (chances, np.full(100, 400_000))
    )

    assert some == all_known


def test_rows_that_are_surely_of_another_class_leave_most_questions_to_the_others() -> None:
    """Of 13,679 rows all have a probability of a millionth. Taken for 1/600, they had half of the questions."""
    rows = population(20_000, share=0.01)
    points = np.asarray(rows.chances)
    rows = replace(rows, chances=np.where(points < 3_000, points // 100, points))
    strata = stratify(rows, 400, (), F1)

    allocated = allocate(strata.sizes, class_targets(strata, rows, F1), 400)

    surely_not = np.bincount(strata.codes, rows.chances) < 10 * strata.sizes
    assert strata.sizes[surely_not].sum() == 13_679
    assert 80 <= allocated[surely_not].sum() <= 150


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=5))
def test_a_curve_is_followed_half_way(pairs: list[tuple[int, int]]) -> None:
    before, after = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    curve = tuple(zip(before, after, strict=False))
    points = np.arange(0, 10**6 + 1, 9_973)

    halfway = ClassGoal("f1", "fraud", tempered(curve)).calibrated(points)

    middle = (points + ClassGoal("f1", "fraud", curve).calibrated(points)) / 2
    assert np.abs(halfway - middle).max() <= 2


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=5))
def test_a_goal_is_stored_and_read_back(curve: list[tuple[int, int]]) -> None:
    goal = ClassGoal("recall", "Übersee", tuple(sorted(curve)))

    assert ClassGoal.of_text(goal.text) == goal


def test_a_curve_corrects_probabilities_between_its_points_and_keeps_them_beyond() -> None:
    goal = ClassGoal("f1", "fraud", ((200_000, 100_000), (600_000, 500_000)))

    assert goal.calibrated(np.array([0, 400_000, 10**6])).tolist() == [100_000, 300_000, 500_000]
