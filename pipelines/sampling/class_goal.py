"""Draws that ask more about one class: what they are for, and their strata.

A draw in proportion asks about a class of 1 % of the rows 4 to 10 times, at budgets of
100 to 400. Here the rows predicted as the class are divided by its probability, and the
others by ranks of it, each rank a third of the one below: rows of the class that were
predicted as another are most likely near the top. How many rows each stratum gets is
decided in `allocation`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pipelines.columns.buffers import Int64s
from pipelines.sampling.dimensions import Bins, Dimension, by_cohort, equal_parts
from pipelines.sampling.population import GRID, CodedText, Grid, Population

_LADDER = ((4, 6), (3, 4), (2, 3), (1, 2))  # parts of the predicted rows, ranks of the others
_STEP = 3  # a rank has so many times the rows of the one above


@dataclass(frozen=True, slots=True)
class ClassGoal:
    """A class, a metric of it, and how probabilities of earlier batches turned out.

    Attributes:
        metric: precision, recall or f1.
        class_: the class.
        curve: pairs (probability that the model gave, share that was of the class),
            both on the grid and ascending; none: the model is believed.
    """

    metric: str
    class_: str
    curve: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """The goal as JSON, as designs keep it."""
        content = {"metric": self.metric, "class": self.class_, "curve": self.curve}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> ClassGoal:
        """Read what `text` returned.

        >>> goal = ClassGoal("f1", "fraud", ((0, 0), (900000, 500000)))
        >>> ClassGoal.of_text(goal.text) == goal
        True
        """
        content = json.loads(text)
        curve = tuple((before, after) for before, after in content["curve"])
        return cls(content["metric"], content["class"], curve)

    def calibrated(self, points: Int64s) -> Int64s:
        """Return probabilities (n,) on the grid as earlier answers corrected them.

        >>> ClassGoal("f1", "fraud", ((0, 0), (800000, 400000))).calibrated(np.array([200000]))
        array([100000])
        """
        if not self.curve:
            return points
        before, after = np.array(self.curve, np.int64).T
        at = np.clip(np.searchsorted(before, points, side="right") - 1, 0, len(before) - 1)
        following = np.minimum(at + 1, len(before) - 1)
        run = np.maximum(before[following] - before[at], 1)
        along = np.clip(points, before[0], before[-1]) - before[at]
        # in integers, so that no machine rounds otherwise
        return after[at] + (2 * (after[following] - after[at]) * along + run) // (2 * run)


def tempered(curve: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Move a calibration curve half-way to what the model says.

    A few hundred answers make steps: where the twelve rows of a stratum were not of
    the class, the curve says that none is, and the next draw asks hardly about its
    like. F1 then covered .5 to .9 in some batches; half-way, .93 or more.

    Args:
        curve: pairs (probability that the model gave, share that was of the class),
            both on the grid and ascending.

    Returns:
        Pairs over the whole grid, ascending; none for none.

    >>> tempered([(400_000, 0), (600_000, 1_000_000)])
    ((0, 0), (400000, 200000), (600000, 800000), (1000000, 1000000))
    """
    if not curve:
        return ()
    inside = [pair for pair in curve if 0 < pair[0] < GRID]
    whole = [(0, curve[0][1]), *inside, (GRID, curve[-1][1])]
    return tuple((before, (before + after) // 2) for before, after in whole)


def class_ladder(
    population: Population, goal: ClassGoal, cohorts: Sequence[str]
) -> Iterator[list[Dimension]]:
    """Yield the partitions to try, finest first.

    Args:
        population: with the probabilities of the class.
        goal: names the class.
        cohorts: that may divide the finest partition; the last is left out first.

    Yields:
        Dimensions, the first of which parts the rows predicted as the class from the others.
    """
    if population.chances is None:
        raise ValueError("the population has no probabilities of the class")
    side = _by_side(population.labels, goal.class_)
    bins = Bins(side, Grid(f"p({goal.class_})", population.chances))
    divided = [by_cohort(population.cohort(name)) for name in cohorts]
    parts, ranks = _LADDER[0]
    finest = bins.cut_at([equal_parts(parts), _ranks(ranks)])
    for count in range(len(divided), -1, -1):
        yield [side, finest, *divided[:count]]
    for parts, ranks in _LADDER[1:]:
        yield [side, bins.cut_at([equal_parts(parts), _ranks(ranks)])]
    yield [side]


def _by_side(labels: CodedText, class_: str) -> Dimension:
    """Part the rows predicted as a class from the others."""
    names = (class_, f"other than {class_}")
    places = np.where(labels.holds(class_), 0, 1).astype(np.int64)
    return Dimension(places, 2, lambda first, _: names[first])


def _ranks(count: int) -> list[Fraction]:
    """Return where ranks end, as shares of the rows from the lowest probability on.

    >>> [str(share) for share in _ranks(3)]
    ['2/3', '8/9', '1']
    """
    return [*(1 - Fraction(1, _STEP**rank) for rank in range(1, count)), Fraction(1)]
