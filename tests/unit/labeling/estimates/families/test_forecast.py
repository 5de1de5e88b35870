from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import of_evidence
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.families.chosen import Wanted
from labeling.estimates.families.forecast import added, more_answers
from labeling.estimates.row_sets import View
from pipelines.sampling.allocation import allocate
from tests.fixtures.judged import Row, judged

_WANTED = Wanted("classification", ("rare", "usual"))
_STRATA = {"rare": (60, 20), "s1": (1485, 2), "s2": (1485, 3), "s3": (1485, 5), "s4": (1485, 10)}
"""By stratum its rows, and how many of them people call otherwise than the model."""


def _drawn(rng: np.random.Generator, budget: int) -> Evidence:
    """Draw from rows of which 1 % are of a class that the model finds two times in three."""
    sizes = np.array([size for size, _ in _STRATA.values()])
    counts = allocate(sizes, sizes.astype(float), budget)
    rows: list[Row] = []
    for (name, (size, wrong)), count in zip(_STRATA.items(), counts.tolist(), strict=True):
        label, other = ("rare", "usual") if name == "rare" else ("usual", "rare")
        found = rng.hypergeometric(wrong, size - wrong, count)
        said = [other] * found + [label] * (count - found)
        rows += [Row(label, (word,), stratum=name) for word in said]
        rows += [Row(label, stratum=name, is_drawn=False)] * (size - count)
    return judged({"all": rows}).evidence()


def _estimate(facts: Evidence, metric: str, class_: str | None) -> Estimate:
    [one] = [
        one
        for one in of_evidence(facts, _WANTED)
        if (one.period, one.metric, one.class_) == ("all", metric, class_)
    ]
    return one


def _half(one: Estimate) -> float:
    return ((one.high or 0.0) - (one.low or 0.0)) / 2


@pytest.mark.parametrize(
    ("metric", "class_"), [("f1", "rare"), ("recall", "rare"), ("accuracy", None)]
)
def test_a_promise_is_what_top_ups_give(metric: str, class_: str | None) -> None:
    """Within 15 %, on average over draws: 100 answers, and 400 of which 300 are promised."""
    promised, real = [], []
    for replay in range(60):
        rng = np.random.default_rng(replay)
        facts = _drawn(rng, 100)
        halves = dict(_promised(facts, _estimate(facts, metric, class_), [200, 500]))
        promised.append([halves[200], halves[500]])
        real.append([_half(_estimate(_drawn(rng, n), metric, class_)) for n in (300, 600)])

    ratio = np.mean(promised, axis=0) / np.mean(real, axis=0)
    assert ratio == pytest.approx([1, 1], abs=0.15)


def _promised(facts: Evidence, one: Estimate, more: Sequence[int]) -> list[tuple[int, float]]:
    return [pair for pair in more_answers(facts, _WANTED, one) if pair[0] in more]


def test_the_first_pair_is_the_present_length_and_the_last_ones_are_shorter() -> None:
    facts = _drawn(np.random.default_rng(1), 100)
    one = _estimate(facts, "accuracy", None)

    pairs = more_answers(facts, _WANTED, one)

    assert pairs[0] == (0, _half(one))
    halves = [half for _, half in pairs]
    assert len(halves) > 4
    assert halves == sorted(halves, reverse=True)


def test_more_answers_of_numbers_shorten_the_interval_of_errors() -> None:
    rng = np.random.default_rng(1)
    rows = [Row("0", (str(rng.normal()),), value=0.0, is_drawn=place < 60) for place in range(900)]
    facts, wanted = judged({"all": rows}).evidence(), Wanted("regression")
    [one] = [e for e in of_evidence(facts, wanted) if (e.metric, e.period) == ("mae", "all")]

    halves = dict(more_answers(facts, wanted, one))

    assert halves[200] == pytest.approx(halves[0] * np.sqrt(60 / 260), rel=0.2)


def test_more_answers_do_not_make_a_tail_shorter() -> None:
    """The length falls as the root of their number, also of errors that few rows carry."""
    rng = np.random.default_rng(1)
    numbers = rng.lognormal(0, 1.2, 9_000)
    rows = [Row("0", (str(x),), value=0.0, is_drawn=place < 100) for place, x in enumerate(numbers)]
    facts, wanted = judged({"all": rows}).evidence(), Wanted("regression")
    [one] = [e for e in of_evidence(facts, wanted) if (e.metric, e.period) == ("mae", "all")]

    halves = dict(more_answers(facts, wanted, one))

    assert halves[500] == pytest.approx(halves[0] * np.sqrt(100 / 600), rel=0.15)


def test_nothing_is_promised_without_an_interval_or_rows_that_are_left() -> None:
    rows = [Row("usual", ("usual",))] * 5 + [Row("rare", ("usual",))]
    census = judged({"all": rows}).evidence()

    assert more_answers(census, _WANTED, _estimate(census, "accuracy", None)) == []


def test_a_draw_for_a_class_is_topped_up_by_its_own_targets() -> None:
    """And its accuracy, which is the sum of two sides, gets shorter with it."""
    facts = _drawn(np.random.default_rng(0), 200)
    targets = np.array([100.0, 1.0, 1.0, 1.0, 1.0])
    designed = replace(facts.designed, wanted=targets)
    facts = replace(facts, designed=designed, asked_class=np.zeros(1, np.int64))

    extra = added(facts, View(facts, np.zeros(1, np.int64), 1, np.ones(1, np.bool_)), 40)
    halves = [half for _, half in more_answers(facts, _WANTED, _estimate(facts, "accuracy", None))]

    drawn = np.bincount(facts.drawn.stratum, minlength=5)
    sizes = facts.designed.size.astype(np.int64)
    expected = allocate(sizes, targets, int(drawn.sum()) + 40, at_least=drawn) - drawn
    assert extra.tolist() == expected.tolist()
    assert halves == sorted(halves, reverse=True)
    assert halves[-1] < 0.8 * halves[0]
