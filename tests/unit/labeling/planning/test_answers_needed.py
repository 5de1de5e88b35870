"""A plan is held against real draws: as many answers as it names give the width that it promises."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.metrics import families
from labeling.estimates.row_sets import View
from labeling.planning.answers_needed import Window
from labeling.planning.beliefs import (
    AnsweredRows,
    chance_of_class,
    chance_right,
    errors_as_answered,
    errors_as_held_out,
)
from labeling.planning.expected_draw import Question
from pipelines.sampling.plan import Plan
from tests.fixtures.replays import Design, KnownBatch, draws

_ROWS = 12_000
_ASKED = 300  # answers that a plan from answers rests on


@cache
def _of_classes(*, calibrated: bool = True) -> KnownBatch:
    """Rows of which 5 % are of a class that the model finds two times in three."""
    rng = np.random.default_rng(5)
    truth = (rng.random(_ROWS) < 0.05).astype(np.int64)
    chance = np.where(truth == 1, rng.beta(3, 2, _ROWS), rng.beta(1, 14, _ROWS))
    odds = 0.05 * chance**2 * (1 - chance) * 12 / (0.95 * 14 * (1 - chance) ** 13 + 1e-12)
    chance = odds / (1 + odds)  # of a row with this number, by Bayes
    label = (chance > 0.5).astype(np.int64)
    score = np.where(label == 1, chance, 1 - chance)
    score = score if calibrated else np.full(_ROWS, 0.99)
    return KnownBatch(
        ("usual", "rare"), label, truth.astype(np.float64), score, np.zeros(_ROWS, np.int64)
    )


@cache
def _of_numbers() -> KnownBatch:
    rng = np.random.default_rng(7)
    predicted = rng.gamma(4, 30, _ROWS)
    truth = predicted + rng.normal(0, 0.2 * predicted)
    nothing = np.zeros(_ROWS, np.int64)
    return KnownBatch((), nothing, truth, predicted, nothing)


def _plan(batch: KnownBatch, budget: int) -> Plan:
    strata, allocated = batch.design(budget, answers_seen=_ASKED)
    return Plan(strata, allocated, "first", True, budget, np.zeros(len(strata.codes), np.bool_))


def _window(batch: KnownBatch, batches: int = 1) -> Window:
    return Window(batch.population, lambda budget: _plan(batch, budget), batches)


def _drawn(batch: KnownBatch, budget: int, replays: int, seed: int = 0) -> list[Evidence]:
    plan = _plan(batch, budget)
    design = Design(batch, plan.strata, plan.allocated)
    rng = np.random.default_rng(seed)
    found = draws(plan.strata, plan.allocated, rng, replays)
    return [design.evidence(drawn, np.ones(len(drawn.row), np.bool_)) for drawn in found]


def _real(
    batch: KnownBatch, budget: int, metric: str, class_: str | None, together: int = 1
) -> float:
    """Return the mean half length of the intervals that real draws give."""
    halves: list[float] = []
    for facts in _drawn(batch, budget, 100):
        many = len(facts.batches) // together
        view = View(facts, np.repeat(np.arange(many), together), many, facts.has_answers)
        task = "regression" if batch.is_of_numbers else "classification"
        for family in families(facts, task, [class_] if class_ else []):  # type: ignore[arg-type]
            for one in family.figures(view):
                if (one.metric, one.class_) == (metric, class_):
                    halves += ((one.intervals.high - one.intervals.low) / 2)[:many].tolist()
    return float(np.nanmean(halves))


def _nobody() -> AnsweredRows:
    return AnsweredRows((), *[np.zeros(0)] * 3)


def _question(batch: KnownBatch, metric: str, class_: str | None, pilot: int | None) -> Question:
    """Ask for a figure; without the number of a pilot, before anybody answered."""
    facts = None if pilot is None else _drawn(batch, _ASKED, 1, seed=pilot)[0]
    if facts and batch.is_of_numbers:
        errors = AnsweredRows.of_errors(facts)
        return Question(metric, None, errors_as_answered(batch.population, errors, np.abs))
    answered = AnsweredRows.of_class(facts, class_) if facts else _nobody()
    believed, basis = (
        chance_of_class(batch.population, class_, answered, None)
        if class_
        else chance_right(batch.population, answered)
    )
    assert basis in (("answers", "scores") if facts else ("scores",))
    return Question(metric, class_, believed)


@pytest.mark.parametrize("pilots", [(None,), tuple(range(8))], ids=["scores", "answers"])
@pytest.mark.parametrize(
    ("metric", "class_", "within"),
    [
        ("accuracy", None, 0.02), ("accuracy", None, 0.01), ("recall", "rare", 0.1),
        ("recall", "rare", 0.15), ("precision", "rare", 0.1), ("f1", "rare", 0.1),
    ],
)  # fmt: skip
def test_as_many_answers_as_planned_give_the_width(
    metric: str, class_: str | None, within: float, pilots: tuple[int | None, ...]
) -> None:
    """Within 15 %, on average over real draws of that size, and over pilots that a plan rests on."""
    batch = _of_classes()

    questions = [_question(batch, metric, class_, pilot) for pilot in pilots]
    needed = [_window(batch).answers(question, within) for question in questions]

    assert _real(batch, int(np.mean(needed)), metric, class_) == pytest.approx(within, rel=0.15)


def test_numbers_are_planned_for_from_the_errors_that_were_seen() -> None:
    batch = _of_numbers()

    needed = [_window(batch).answers(_question(batch, "mae", None, n), 1.0) for n in range(4)]

    assert _real(batch, int(np.mean(needed)), "mae", None) == pytest.approx(1.0, rel=0.15)


def test_a_week_is_planned_for_by_its_days() -> None:
    """Each day needs a part of what a day alone would need."""
    batch = _of_classes()
    question = _question(batch, "accuracy", None, None)

    a_day = _window(batch, batches=5).answers(question, 0.02)

    assert a_day < _window(batch).answers(question, 0.02) / 3
    assert _real(batch, a_day, "accuracy", None, together=5) == pytest.approx(0.02, rel=0.15)


def test_without_scores_and_answers_half_of_the_rows_may_be_wrong() -> None:
    """Then 2,400 rows of many give two points: 1.96² / 4 / .02²."""
    known = _of_classes()
    batch = KnownBatch(known.labels, known.label, known.truth, np.full(_ROWS, np.nan), known.cohort)

    believed, basis = chance_right(batch.population, _nobody())
    needed = _window(batch).answers(Question("accuracy", None, believed), 0.02)

    simple = 1.96**2 / 4 / 0.02**2
    assert basis == "worst case"
    assert needed == pytest.approx(simple / (1 + simple / _ROWS), rel=0.03)


def test_errors_of_a_hold_out_are_as_good_as_answers() -> None:
    batch = _of_numbers()
    away = batch.truth - batch.score

    mae, rmse = float(np.abs(away).mean()), float(np.sqrt((away**2).mean()))
    believed = errors_as_held_out(_ROWS, mae, rmse)["mae"]
    needed = _window(batch).answers(Question("mae", None, believed), 1.0)

    assert _real(batch, needed, "mae", None) == pytest.approx(1.0, rel=0.15)


def test_what_a_budget_buys_is_what_the_budget_for_it_needs() -> None:
    window, question = _window(_of_classes()), _question(_of_classes(), "accuracy", None, None)

    half = window.half_length(question, 400)

    assert half is not None
    assert window.answers(question, half) == pytest.approx(400, rel=0.02)


def test_all_rows_are_enough_for_any_width() -> None:
    batch = _of_classes()
    question = _question(batch, "recall", "rare", None)

    assert _window(batch).answers(question, 0.0) == _ROWS
