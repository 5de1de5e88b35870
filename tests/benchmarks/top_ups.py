"""Cells: what more answers would give, against what top-ups do give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from labeling.estimates.confusion import undivided
from labeling.estimates.evidence.arrays import Evidence
from labeling.estimates.families.forecast import added, with_more
from labeling.estimates.metrics import Family, Figures, families
from labeling.estimates.row_sets import View
from pipelines.columns.buffers import Floats
from pipelines.sampling.allocation import allocate
from tests.benchmarks.heavy_tails import of_numbers
from tests.benchmarks.measures import Cell, Goal, Row
from tests.benchmarks.populations import Recipe, rare_class
from tests.fixtures.replays import Design, KnownBatch, draws

_TOPIC = "what more answers would give"
_REPLAYS = 600
_ASKED, _MORE = 200, (100, 200, 500)
_NEAR = 0.15
Wanted = Sequence[tuple[str, str | None]]  # metrics, each with its class
_OF_CLASSES: Wanted = (
    ("accuracy", None),
    ("precision", "rare"),
    ("recall", "rare"),
    ("f1", "rare"),
)


def cells() -> list[Cell]:
    """Return the cells."""
    return [Cell("what more answers would give", _every)]


def _every(replays: int) -> Sequence[Row]:
    common: Wanted = (("accuracy", None), ("f1", "b"))
    many = min(replays, _REPLAYS)
    return [
        *of_batch("class of 1 %", rare_class(91, 0.6, 0.95), _OF_CLASSES, many),
        *of_batch("classes of 70, 25 and 5 %", Recipe(92, 0.85).made(), common, many),
        *of_batch("hourly counts", of_numbers(93), (("mae", None),), many),
    ]


def of_batch(name: str, batch: KnownBatch, wanted: Wanted, replays: int) -> list[Row]:
    """Compare promised and real lengths of one batch.

    Args:
        name: of the batch.
        batch: its rows.
        wanted: metrics.
        replays: of the first draw, and of each top-up.

    Returns:
        A row for each metric and top-up.
    """
    rng = np.random.default_rng(94)
    strata, allocated = batch.design(_ASKED, answers_seen=0)
    design = Design(batch, strata, allocated)
    promised = _promised(design, wanted, rng, replays)
    rows = []
    for place, more in enumerate(_MORE):
        sizes = strata.sizes
        larger = allocate(sizes, sizes.astype(np.float64), _ASKED + more, at_least=allocated)
        real = _real(Design(batch, strata, larger), wanted, rng, replays)
        for (metric, class_), said, given in zip(wanted, promised[place], real, strict=True):
            title = f"{metric}{f' of {class_!r}' if class_ else ''}, {name}, {_ASKED} answers and {more} more"
            away = abs(float(said / given) - 1)
            goal = Goal(_NEAR, at_least=False)
            rows.append(Row(_TOPIC, f"{title}: how far the promised length is off", away, goal))
    return rows


def _promised(design: Design, wanted: Wanted, rng: np.random.Generator, replays: int) -> Floats:
    """Return the mean length that is promised, by number of more answers and metric: (K, M)."""
    found: Floats = np.zeros((len(_MORE), len(wanted)))
    for _ in range(replays):
        (drawn,) = draws(design.strata, design.allocated, rng, 1)
        facts = undivided(design.evidence(drawn, np.ones(len(drawn.row), np.bool_)))
        view = _view(facts)
        extra = [added(facts, view, more) for more in _MORE]
        for family in _families(facts, design.batch, wanted):
            for place, more in enumerate(extra):
                is_share = not design.batch.is_of_numbers
                topped = with_more(family, more, is_share=is_share).figures(view)
                found[place] += _lengths(topped, wanted)
    return found / replays


def _real(design: Design, wanted: Wanted, rng: np.random.Generator, replays: int) -> Floats:
    """Return the mean length with so many answers: (M,)."""
    found: Floats = np.zeros(len(wanted))
    for drawn in draws(design.strata, design.allocated, rng, replays):
        facts = undivided(design.evidence(drawn, np.ones(len(drawn.row), np.bool_)))
        for family in _families(facts, design.batch, wanted):
            found += _lengths(family.figures(_view(facts)), wanted)
    return found / replays


def _families(facts: Evidence, batch: KnownBatch, wanted: Wanted) -> Iterator[Family]:
    classes = sorted({class_ for _, class_ in wanted if class_ is not None})
    return families(facts, "regression" if batch.is_of_numbers else "classification", classes)


def _lengths(figures: Sequence[Figures], wanted: Wanted) -> Floats:
    """Return the summed lengths of the intervals: (M,), 0 of metrics that are not there."""
    found: Floats = np.zeros(len(wanted))
    for one in figures:
        if (one.metric, one.class_) in wanted:
            length = one.intervals.high - one.intervals.low
            found[wanted.index((one.metric, one.class_))] += length.sum()
    return found


def _view(facts: Evidence) -> View:
    batches = len(facts.batches)
    return View(facts, np.arange(batches), batches, facts.has_answers)
