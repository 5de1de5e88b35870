"""Cells: shares of designs in which a small stratum is mostly wrong, and one more right answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labeling.formulas.answered_strata import AnsweredStrata
from labeling.formulas.intervals import Intervals, wilson
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Floats
from tests.benchmarks.measures import Cell, Goal, Row
from tests.benchmarks.populations import Recipe, named, rare_class
from tests.benchmarks.replayed import replayed
from tests.fixtures.two_strata import all_designs, held

_TOPIC = "a small stratum that is mostly wrong"
_DESIGNS = 40_000
_METRICS = ("accuracy", "precision", "recall", "f1")


def cells() -> list[Cell]:
    """Return the cells."""
    return [
        Cell("enumeration", enumeration),
        Cell("rare class", rare_classes),
        Cell("length", lengths),
        Cell("one more right answer", monotone),
    ]


def enumeration(_: int) -> Sequence[Row]:
    """Enumerate 1,320 designs of two strata."""
    found = held(all_designs())
    worse = float((found.covered < found.uniform - 0.03).sum())
    return [
        Row(_TOPIC, "1,320 designs: lowest coverage", float(found.covered.min()), Goal(0.89)),
        Row(
            _TOPIC,
            "1,320 designs: how many cover .03 less than uniform + Wilson",
            worse,
            Goal(26, at_least=False),
        ),
    ]


def rare_classes(replays: int) -> Sequence[Row]:
    """Replay batches with a class of 1 % of the rows and low precision."""
    rows = []
    for precision in (0.1, 0.4):
        for accuracy in (0.85, 0.95):
            batch = rare_class(11, precision, accuracy)
            for budget in (50, 100, 200, 400):
                every = replayed(
                    batch, budget, replays, metrics=_METRICS, classes=("rare",), seed=3
                )
                of_rows = f"accuracy {accuracy:g}, class of 1 % with precision {precision:g}, n = {budget}"
                for metric, class_ in every.parts:
                    found = every.coverage((metric, class_))
                    is_main = class_ is None
                    name = of_rows if is_main else f"{metric} of the class, {of_rows}"
                    rows.append(
                        Row(_TOPIC, name, found.held, Goal(0.94) if is_main else None, found)
                    )
    return rows


def lengths(replays: int) -> Sequence[Row]:
    """Compare lengths with those of the formula before, where that held."""
    rows = []
    recipes = [Recipe(21, 0.65), Recipe(22, 0.8), Recipe(23, 0.9, (0.5, 0.5)), Recipe(24, 0.95)]
    for name, batch in named(recipes):
        for budget in (100, 200, 400):
            strata, allocated = batch.design(budget)
            right = np.bincount(strata.codes, batch.right, len(allocated)).astype(np.int64)
            rng = np.random.default_rng(budget)
            found = rng.hypergeometric(
                right, strata.sizes - right, allocated, (replays, len(right))
            )
            of = _answered(strata.sizes, allocated, found)
            now, before = shares(of), former(of)
            ratio = (now.high - now.low).mean() / (before.high - before.low).mean()
            title = f"{name}, n = {budget}: length, in lengths of version 1"
            rows.append(Row(_TOPIC, title, float(ratio), Goal(1.01, at_least=False)))
    return rows


def _answered(size: np.ndarray, asked: np.ndarray, right: np.ndarray) -> AnsweredStrata:
    many, strata = right.shape
    rows, count = (np.tile(part.astype(np.float64), many) for part in (size, asked))
    good = right.astype(np.float64).ravel()
    group = np.repeat(np.arange(many), strata)
    return AnsweredStrata(rows, count, count, good / count, good, group, many)


def former(of: AnsweredStrata) -> Intervals:
    """Return the intervals of version 1: Wilson's with an effective number of answers."""
    value, count = of.value, of.total(of.effective)
    smooth = ((value * count + 1) / (count + 2))[of.group]
    shrunk = (of.mean * of.effective + smooth) / (of.effective + 1)
    freedom = np.maximum(of.effective - 1, of.effective / 2)
    center = of.total(of.weight * shrunk)
    parts = of.weight**2 * of.left * shrunk * (1 - shrunk) / freedom
    answers = center * (1 - center) / of.total(parts)
    extreme = (value <= 0) | (value >= 1)
    return wilson(value, np.where(extreme, np.minimum(answers, count), answers))


def monotone(_: int) -> Sequence[Row]:
    """Count designs in which one more right answer lowers a limit."""
    rng = np.random.default_rng(40)
    worst = np.concatenate([_falls(rng, 2_000) for _ in range(_DESIGNS // 2_000)])
    return [
        Row(
            _TOPIC,
            f"{_DESIGNS:,} random designs: in how many one more right answer lowers a limit by .01",
            float((worst > 0.01).sum()),
            Goal(0, at_least=False, is_try=True),
        ),
        Row(_TOPIC, "the same: the largest fall of a limit", float(max(worst.max(), 0.0))),
    ]


def _falls(rng: np.random.Generator, designs: int) -> Floats:
    """Return by how much a limit falls at most, by design."""
    size, asked, right, design = [], [], [], []
    for number in range(designs):
        strata = int(rng.integers(2, 6))
        rows = rng.integers(20, 400, strata)
        count = np.minimum(rng.integers(2, 40, strata), rows)
        good = rng.binomial(count, rng.choice([0.5, 0.8, 0.95, 1.0], strata))
        better = [good, *(good + step for step in np.eye(strata, dtype=np.int64))]
        for one in better:
            if (one <= count).all():
                size.append(rows)
                asked.append(count)
                right.append(one)
                design.append(number)
    many = np.array([len(part) for part in size])
    rows_, count_, good_ = (
        np.concatenate(part).astype(np.float64) for part in (size, asked, right)
    )
    group = np.repeat(np.arange(len(many)), many)
    found = shares(AnsweredStrata(rows_, count_, count_, good_ / count_, good_, group, len(many)))
    of = np.array(design)
    first = np.searchsorted(of, of)
    fall = np.maximum(found.low[first] - found.low, found.high[first] - found.high)
    worst = np.full(designs, -np.inf)
    np.maximum.at(worst, of, fall)
    return worst
