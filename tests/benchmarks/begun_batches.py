"""Cells: batches that people have just begun, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.metrics import whole
from labeling.estimates.row_sets import View
from labeling.formulas.intervals import Intervals
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Int64s
from pipelines.sampling.draws import push_order
from tests.benchmarks.measures import Cell, Goal, Row, coverage
from tests.benchmarks.populations import Recipe
from tests.fixtures.replays import Design, Drawn, draws, joined, places_in_queue

_TOPIC = "a batch that was just begun"
_FIRST = Recipe(31, 0.83, (0.8, 0.2), rows=300)
_SECOND = Recipe(32, 0.65, (0.6, 0.3, 0.1), rows=7_000, informative=1.5)
_ANSWERS = (1, 2, 4, 7, 8, 9, 12, 20, 40, 80, 150, 299, 300)
_BUDGET = 300


def cells() -> list[Cell]:
    """Return the cells."""
    return [
        Cell("coverage while answers come in", covered),
        Cell("a wrong answer", wrong_answers),
        Cell("a wrong eighth answer", widening),
        Cell("the first questions", first_questions),
    ]


def _designs() -> tuple[Design, Design]:
    first, second = _FIRST.made(), _SECOND.made()
    return Design(first, *first.design(_BUDGET)), Design(second, *second.design(_BUDGET))


def _own(evidence: Evidence) -> Intervals:
    batches = len(evidence.batches)
    view = View(evidence, np.arange(batches), batches, evidence.has_answers)
    return _first(shares(whole(evidence, "classification").strata(view)), batches)


def _wider(evidence: Evidence) -> tuple[Intervals, Bools]:
    """Return the figures of windows that hold a first and a second batch each, and who is covered."""
    windows = len(evidence.batches) // 2
    covered = evidence.has_answers & ~evidence.just_begun
    view = View(evidence, np.tile(np.arange(windows), 2), windows, covered)
    return _first(shares(whole(evidence, "classification").strata(view)), windows), covered


def _first(found: Intervals, windows: int) -> Intervals:
    """Leave the cohorts out."""
    return Intervals(found.value[:windows], found.low[:windows], found.high[:windows])


def _full(design: Design, drawn: Drawn) -> Evidence:
    return design.evidence(drawn, np.ones(len(drawn.row), np.bool_))


def covered(replays: int) -> Sequence[Row]:
    """Replay two weeks, the first one answered in full."""
    first, second = _designs()
    rng = np.random.default_rng(1)
    found: dict[tuple[str, int], list[tuple[Intervals, Bools]]] = {}
    for drawn in draws(second.strata, second.allocated, rng, replays):
        (before,) = draws(first.strata, first.allocated, rng, drawn.replays)
        place, complete = places_in_queue(second, drawn, rng), _full(first, before)
        for k in _ANSWERS:
            begun = second.evidence(drawn, place < k, decided=place < k)
            found.setdefault(("own", k), []).append((_own(begun), begun.has_answers))
            month, who = _wider(joined(complete, begun))
            found.setdefault(("month", k), []).append((month, who[drawn.replays :]))
    return [_row(kind, k, parts, first, second) for (kind, k), parts in found.items()]


def _row(
    kind: str,
    k: int,
    parts: Sequence[tuple[Intervals, Bools]],
    first: Design,
    second: Design,
) -> Row:
    value, low, high = (
        np.concatenate([getattr(one, name) for one, _ in parts])
        for name in ("value", "low", "high")
    )
    truth = float(second.batch.right.mean())
    if kind == "month":  # the rows that are said to be covered
        both = np.concatenate([first.batch.right, second.batch.right]).mean()
        truth = float(both if parts[0][1].all() else first.batch.right.mean())
    name = f"{'its own window' if kind == 'own' else 'two weeks'}, {k} of 300 answers"
    summary = coverage(value, low, high, truth, np.full(len(value), k) if kind == "own" else None)
    return Row(_TOPIC, name, summary.held, Goal(0.90), summary)


def wrong_answers(replays: int) -> Sequence[Row]:
    """Add a wrong answer to every beginning of the queue; count where a figure rises."""
    first, second = _designs()
    rng = np.random.default_rng(2)
    rises = steps = 0
    for _ in range(max(replays // 100, 2)):
        (drawn,) = draws(second.strata, second.allocated, rng, 1)
        (before,) = draws(first.strata, first.allocated, rng, 1)
        place = places_in_queue(second, drawn, rng)
        many = _BUDGET
        copies = Drawn(
            np.repeat(np.arange(many), many),
            np.tile(drawn.row, many),
            np.tile(drawn.rank, many),
            many,
        )
        same = Drawn(
            np.repeat(np.arange(many), len(before.row)),
            np.tile(before.row, many),
            np.tile(before.rank, many),
            many,
        )
        places, k = np.tile(place, many), np.repeat(np.arange(many), many)
        now = second.evidence(copies, places < k, decided=places < k)
        more = _wrong(second.evidence(copies, places <= k, decided=places <= k), places == k)
        complete = _full(first, same)
        steps += 2 * many
        rises += _rises(_own(now), _own(more))
        (month, who), (then, now_who) = (
            _wider(joined(complete, now)),
            _wider(joined(complete, more)),
        )
        is_same = (who == now_who)[many:]  # with the eighth answer the window speaks of more rows
        rises += _rises(month, then, is_same)
    return [
        Row(
            _TOPIC,
            f"a wrong answer raises a figure of the same rows, in {steps:,} steps",
            float(rises),
            Goal(0, at_least=False),
        ),
    ]


def widening(replays: int) -> Sequence[Row]:
    """Give a batch a wrong eighth answer, with which the window of two weeks begins to speak of it."""
    first, second = _designs()
    better = replace(_SECOND, accuracy=0.92).made()
    rows = []
    for name, batch in (("worse", second), ("better", Design(better, *better.design(_BUDGET)))):
        rng = np.random.default_rng(4)
        raised = 0
        for drawn in draws(batch.strata, batch.allocated, rng, replays):
            (before,) = draws(first.strata, first.allocated, rng, drawn.replays)
            place, complete = places_in_queue(batch, drawn, rng), _full(first, before)
            month, _ = _wider(joined(complete, batch.evidence(drawn, place < 7, place < 7)))
            eight = _wrong(batch.evidence(drawn, place < 8, place < 8), place == 7)
            raised += _rises(month, _wider(joined(complete, eight))[0])
        title = f"a wrong eighth answer brings a {name} batch into a window, whose figure rises"
        rows.append(Row(_TOPIC, f"{title}: share of replays", raised / replays))
    return rows


def _wrong(evidence: Evidence, rows: Bools) -> Evidence:
    answers = evidence.answers
    label = np.where(rows[answers.row], -1, answers.label)
    return replace(evidence, answers=replace(answers, label=label))


def _rises(before: Intervals, after: Intervals, counts: Bools | None = None) -> int:
    rises = after.value > before.value + 1e-12  # False where there was none before
    return int((rises if counts is None else rises & counts).sum())


def first_questions(replays: int) -> Sequence[Row]:
    """Compare the first k questions of two batches with all of them, in classes and batches."""
    first, second = _designs()
    rng = np.random.default_rng(3)
    sums: dict[int, list[np.ndarray]] = {}
    every: Int64s = np.concatenate([_class_of(one) for one in (first, second)])
    for _ in range(replays):
        queue = [_queue(one, rng) for one in (first, second)]
        order = np.argsort(np.concatenate(queue), kind="stable")
        for k in (8, 12, 20, 50, 150):
            sums.setdefault(k, []).append(np.bincount(every[order[:k]], minlength=8) / k)
    share = np.bincount(every, minlength=8) / len(every)
    rows = []
    for k, parts in sums.items():
        away = np.abs(np.mean(parts, axis=0) - share).max()
        title = f"first {k} questions: largest bias of a class's or batch's share"
        rows.append(Row(_TOPIC, title, float(away), Goal(0.01, at_least=False)))
    return rows


def _class_of(design: Design) -> Int64s:
    """Return which class, of which batch, each question asks about."""
    stratum = np.repeat(np.arange(len(design.allocated)), design.allocated)
    shift = 4 if len(design.batch.labels) == 3 else 0
    return design.only_label[stratum] + shift


def _queue(design: Design, rng: np.random.Generator) -> np.ndarray:
    allocated = design.allocated
    rank = np.concatenate([np.arange(1, n + 1) for n in allocated])
    stratum = np.repeat(np.arange(len(allocated)), allocated)
    return push_order(rank, allocated[stratum], rng.random(len(allocated))[stratum])
