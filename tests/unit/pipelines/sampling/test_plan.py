"""A plan follows from its arguments, keeps what was drawn, and refuses what would spoil chances."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DrawRefused
from pipelines.sampling.allocation import allocate
from pipelines.sampling.carryover import EarlierDraw
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.draws import draw
from pipelines.sampling.leakage import SEEN
from pipelines.sampling.membership import first_64_bits
from pipelines.sampling.plan import (
    CENSUS_REASON,
    Basis,
    Design,
    DrawRequest,
    DrawStep,
    Plan,
    ScoredBatch,
    next_step,
    plan,
)
from pipelines.sampling.population import CodedText, Population, score_grid

BASIS = Basis("v1", "input", "keys", "survey", "seed")
RESCORED = replace(BASIS, version="v2", input_digest="other input", population_digest="other keys")
ROWS, SEEDS, BUDGETS = st.integers(1, 300), st.integers(0, 9), st.integers(1, 400)


def population(rows: int, seed: int = 0, *, trained: np.ndarray | None = None) -> Population:
    """Rows of three classes with scores; ids and hashes depend on seed and place alone."""
    rng = np.random.default_rng(seed)
    ids, draws = rng.integers(0, 2**64, (2, 400, 2), dtype=np.uint64)
    codes = rng.integers(0, 3, 400).astype(np.int32)
    scores = score_grid(rng.random(400)[:rows])
    labels = CodedText("label", codes[:rows], ("late", "lost", "paid"))
    cohorts = [CodedText("carrier", codes[::-1][:rows].copy(), ("AA", "UA", "US"))]
    if trained is not None:
        cohorts.append(CodedText(SEEN, trained.astype(np.int32), ("false", "true")))
    return Population(ids[:rows], draws[:rows], labels, scores, tuple(cohorts))


def batch(rows: int, seed: int = 0, basis: Basis = BASIS, *, census: bool = False) -> ScoredBatch:
    return ScoredBatch("2026-01-05", population(rows, seed), basis, census, answers_seen=0)


def stored(one: ScoredBatch, made: Plan | None, number: int = 1) -> tuple[Design, EarlierDraw]:
    """What the tables keep of a plan that was carried out."""
    assert made is not None
    taken = np.zeros(len(one.population), np.bool_)
    taken[draw(one.population, made.strata, made.allocated).rows] = True
    names, sizes, allocated = made.strata.names, made.strata.sizes, made.allocated
    basis, at = one.basis, datetime(2026, 1, 6, tzinfo=UTC)
    design = Design(
        number, 1, basis.version, basis.input_digest, basis.population_digest, basis.seed_digest,
        basis.survey_digest, made.budget, made.reason, at, names, sizes, allocated,
    )  # fmt: skip
    return design, EarlierDraw(first_64_bits(one.population.ids), made.strata, taken)


def drawn(one: ScoredBatch, made: Plan) -> set[int]:
    return set(draw(one.population, made.strata, made.allocated).rows.tolist())


def first(rows: int, seed: int, budget: int) -> tuple[ScoredBatch, Design, EarlierDraw]:
    one = batch(rows, seed)
    return one, *stored(one, plan(one, DrawRequest(budget, ("carrier",))))


@given(ROWS, SEEDS, BUDGETS)
def test_the_same_arguments_give_the_same_plan(rows: int, seed: int, budget: int) -> None:
    request = DrawRequest(budget, ("carrier",))

    once, again = (plan(batch(rows, seed), request) for _ in range(2))

    assert once is not None
    assert again is not None
    assert (once.strata.names, once.reason, once.budget) == (again.strata.names, "first", budget)
    assert np.array_equal(once.strata.codes, again.strata.codes)
    assert np.array_equal(once.allocated, again.allocated)
    assert once.allocated.sum() == min(budget, rows)
    assert once.begins_series
    assert not once.already_drawn.any()


@given(ROWS, SEEDS, BUDGETS)
def test_a_repeat_draws_nothing(rows: int, seed: int, budget: int) -> None:
    one, design, earlier = first(rows, seed, budget)

    assert next_step(one, DrawRequest(budget, ()), design) is DrawStep.KEEP
    assert plan(one, DrawRequest(budget, ()), design, earlier) is None
    assert plan(one, DrawRequest(1, ()), design) is None  # a smaller budget of the job file


@given(ROWS, SEEDS, BUDGETS, st.integers(1, 100), st.permutations(range(5)))
def test_a_top_up_keeps_every_row(
    rows: int, seed: int, budget: int, more: int, order: list[int]
) -> None:
    """In the same strata, within the new budget, and whatever the order of the earlier rows."""
    one, design, earlier = first(rows, seed, budget)
    places = np.argsort(np.resize(order, rows), kind="stable")
    moved = EarlierDraw(
        earlier.ids[places],
        replace(earlier.strata, codes=earlier.strata.codes[places]),
        earlier.sampled[places],
    )

    made = plan(one, DrawRequest(1, (), budget + more), design, moved)

    if design.allocated.sum() == rows:
        assert made is None
        return
    assert made is not None
    assert (made.reason, made.begins_series) == ("top-up", False)
    assert np.array_equal(made.strata.codes, earlier.strata.codes)
    assert set(np.flatnonzero(made.already_drawn)) == set(np.flatnonzero(earlier.sampled))
    assert set(np.flatnonzero(made.already_drawn)) < drawn(one, made)
    assert made.allocated.sum() == min(budget + more, rows)


@given(ROWS, ROWS, SEEDS, BUDGETS)
def test_a_replaced_batch_keeps_its_rows_and_its_budget(
    before: int, after: int, seed: int, budget: int
) -> None:
    """Every drawn row that is still there is drawn again; the budget never shrinks."""
    _, design, earlier = first(before, seed, budget)
    now = batch(after, seed, RESCORED)

    made = plan(now, DrawRequest(1, ("carrier",)), design, earlier)

    assert made is not None
    assert (made.reason, made.begins_series) == ("carried over", True)
    stays = {place for place in np.flatnonzero(earlier.sampled).tolist() if place < after}
    assert stays <= drawn(now, made)
    assert made.budget >= design.budget
    assert made.allocated.sum() == min(made.budget, after)
    assert not made.already_drawn.any()  # it is another series, with all of its rows


@pytest.mark.parametrize("change", ["version", "input_digest", "population_digest"])
def test_a_draw_is_carried_over_where_its_basis_changed(change: str) -> None:
    one, design, _ = first(100, 0, 20)
    now = replace(one, basis=replace(BASIS, **{change: "another"}))

    assert next_step(now, DrawRequest(20, ()), design) is DrawStep.CARRY_OVER


def test_another_question_carries_over_unless_an_older_release_drew() -> None:
    """It kept no digest of the question, so nothing says that it changed."""
    one, design, _ = first(100, 0, 20)
    now = replace(one, basis=replace(BASIS, survey_digest="another"))

    assert next_step(now, DrawRequest(20, ()), design) is DrawStep.CARRY_OVER
    unknown = replace(design, survey_digest=None)
    assert next_step(now, DrawRequest(20, ()), unknown) is DrawStep.KEEP


def test_other_cohorts_carry_over_unless_an_older_release_drew() -> None:
    """The rows of a draw are stored with their cohorts; those of the batch are others now."""
    one, design, _ = first(100, 0, 20)
    now = replace(one, basis=replace(BASIS, content_digest="other cohorts"))

    known = replace(design, content_digest="cohorts")
    assert next_step(now, DrawRequest(20, ()), known) is DrawStep.CARRY_OVER
    assert next_step(now, DrawRequest(20, ()), design) is DrawStep.KEEP


@given(ROWS, SEEDS, BUDGETS, BUDGETS)
def test_a_redraw_begins_another_design(rows: int, seed: int, budget: int, other: int) -> None:
    """Also a smaller one, and by another seed: the words say why."""
    one, design, earlier = first(rows, seed, budget)
    now = replace(one, basis=replace(BASIS, seed_digest="another"))

    made = plan(now, DrawRequest(budget, (), other, "new guideline"), design, earlier)

    assert made is not None
    assert (made.reason, made.begins_series, made.budget) == ("new guideline", True, other)
    assert made.allocated.sum() == min(other, rows)


@given(ROWS, SEEDS)
def test_complete_outcomes_make_a_census_once(rows: int, seed: int) -> None:
    one = batch(rows, seed, census=True)

    made = plan(one, DrawRequest(1, ("carrier",)))

    assert made is not None
    assert made.reason == CENSUS_REASON
    assert np.array_equal(made.allocated, made.strata.sizes)
    design, earlier = stored(one, made)
    assert plan(one, DrawRequest(1, ()), design, earlier) is None
    assert plan(replace(one, basis=RESCORED), DrawRequest(1, ()), design) is not None


@given(st.integers(2, 300), SEEDS, st.integers(2, 400))
def test_a_smaller_budget_is_refused(rows: int, seed: int, budget: int) -> None:
    one, design, earlier = first(rows, seed, budget)

    with pytest.raises(DrawRefused, match="1 would change inclusion probabilities"):
        plan(one, DrawRequest(budget, (), 1), design, earlier)


def test_another_seed_is_refused() -> None:
    one, design, earlier = first(100, 0, 20)
    now = replace(one, basis=replace(BASIS, seed_digest="another"))

    with pytest.raises(DrawRefused, match="another seed"):
        plan(now, DrawRequest(20, ()), design, earlier)


@pytest.mark.parametrize("redraw", [None, "a fresh look"])
def test_a_version_that_learned_the_answers_is_refused(redraw: str | None) -> None:
    _, design, earlier = first(300, 0, 60)
    learned = population(300, 0, trained=earlier.sampled)
    now = ScoredBatch("2026-01-05", learned, RESCORED, has_all_outcomes=False, answers_seen=60)

    with pytest.raises(DrawRefused, match="trained on 60 of the 60 rows"):
        plan(now, DrawRequest(60, (), redraw_reason=redraw), design, earlier)


def test_a_version_that_met_rows_by_chance_is_not_refused() -> None:
    _, design, earlier = first(300, 0, 60)
    met = population(300, 0, trained=np.arange(300) % 2 == 0)
    now = ScoredBatch("2026-01-05", met, RESCORED, has_all_outcomes=False, answers_seen=60)

    assert plan(now, DrawRequest(60, ()), design, earlier) is not None


def test_the_rows_of_the_earlier_draw_are_asked_for() -> None:
    one, design, _ = first(100, 0, 20)

    with pytest.raises(ValueError, match="needed to TOP_UP"):
        plan(one, DrawRequest(20, (), 30), design)


GOAL = ClassGoal("f1", "lost")


def scored(rows: int, seed: int = 0, basis: Basis = BASIS) -> ScoredBatch:
    """A batch that was scored with the probability of a class."""
    plain = batch(rows, seed, basis)
    points = np.random.default_rng(seed).integers(0, 10**6, 400)[:rows]
    return replace(plain, population=replace(plain.population, chances=points))


@given(ROWS, SEEDS, BUDGETS, st.integers(1, 100))
def test_a_draw_for_a_class_is_topped_up_to_what_the_larger_budget_had_drawn(
    rows: int, seed: int, budget: int, more: int
) -> None:
    """Its strata and targets stay, whatever was learned since: so nothing that was drawn is taken back."""
    one, budget = scored(rows, seed), max(budget, 40)
    once = plan(one, DrawRequest(budget, (), goal=GOAL))
    assert once is not None
    design, earlier = stored(one, once)
    design = replace(design, goal=once.goal, wanted=once.wanted)

    made = plan(one, DrawRequest(1, (), budget + more), design, earlier)

    if made is None:
        assert budget >= rows
        return
    assert (made.goal, made.reason) == (GOAL, "top-up")
    expected = allocate(made.strata.sizes, once.wanted, budget + more)  # type: ignore[arg-type]
    assert np.array_equal(made.allocated, expected)
    assert (made.allocated >= once.allocated).all()


def test_a_goal_changes_no_draw_that_stands() -> None:
    one, design, _ = first(200, 0, 50)

    assert next_step(one, DrawRequest(50, (), goal=GOAL), design) is DrawStep.KEEP


def test_a_draw_for_a_class_is_carried_over_with_targets_of_the_new_predictions() -> None:
    one = scored(300)
    once = plan(one, DrawRequest(80, (), goal=GOAL))
    design, earlier = stored(one, once)
    again = scored(290, basis=RESCORED)

    made = plan(again, DrawRequest(80, (), goal=GOAL), design, earlier)

    assert made is not None
    assert (made.reason, made.goal) == ("carried over", GOAL)
    assert made.wanted is not None
    assert len(made.wanted) == len(made.strata.names)
