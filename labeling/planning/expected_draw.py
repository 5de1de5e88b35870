"""An expected draw: the evidence that a draw of some rows would give, if answers are as believed.

The strata and the rows of each are those that the sampler draws. Their answers have the
expected mean, variance and skewness, so the formulas of the estimates give the interval
that a draw of that size will have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Answers, Designed, Evidence, Parts, SampledRows
from labeling.estimates.families.averages import Specificity
from labeling.estimates.merging import Neighbours
from labeling.estimates.metrics import Accuracy, OfClass
from labeling.estimates.row_sets import RowSet, View
from labeling.formulas.intervals import Intervals
from labeling.formulas.mean_errors import means, roots
from labeling.planning.beliefs import ExpectedLoss
from pipelines.columns.buffers import Bools, Floats, Int64s
from pipelines.sampling.plan import Plan
from pipelines.sampling.population import Population

_OF_CLASSES = ("precision", "recall", "f1")
_NUMBERS = np.zeros(0, np.int64)
_NOTHING = np.zeros(0)


@dataclass(frozen=True, slots=True)
class Question:
    """A figure that is planned for: a metric, of which class, and what is believed of each row."""

    metric: str
    class_: str | None
    believed: ExpectedLoss


@dataclass(frozen=True)
class ExpectedDraw:
    """The draw of some batches that are all alike, every question of it answered.

    Attributes:
        population: the rows of one batch.
        plan: what is drawn from each.
        batches: how many make the window.
    """

    population: Population
    plan: Plan
    batches: int = 1

    def half_length(self, of: Question) -> float | None:
        """Return half the length of the figure's interval; None where it would have none."""
        found = self._interval(of)
        low, high = float(found.low[0]), float(found.high[0])
        return None if np.isnan(low) or np.isnan(high) else (high - low) / 2

    def value(self, of: Question) -> float | None:
        """Return the figure that is believed in; None where there would be none."""
        value = float(self._interval(of).value[0])
        return None if np.isnan(value) else value

    def _interval(self, of: Question) -> Intervals:
        view = self._view()
        everyone = np.ones(len(self.population), np.bool_)
        if of.metric == "accuracy":
            return self._accuracy(of, view, everyone)
        if of.class_ is not None:
            return self._of_class(of, view)
        spread = self._row_set(view.evidence, everyone, of.believed).spread(view)
        mean = means(spread, is_signed=of.metric == "bias")
        return roots(mean) if of.metric == "rmse" else mean

    def _accuracy(self, of: Question, view: View, everyone: Bools) -> Intervals:
        facts = view.evidence
        share = Accuracy(self._row_set(facts, everyone, of.believed))
        if self.plan.goal is not None:
            inside = self.population.labels.holds(self.plan.goal.class_)
            sides = (self._row_set(facts, part, of.believed) for part in (inside, ~inside))
            share = Accuracy(share.everyone, 0, *sides)
        return share.figures(view)[0].intervals

    def _of_class(self, of: Question, view: View) -> Intervals:
        inside = self.population.labels.holds(of.class_ or "")
        predicted, others = (
            self._row_set(view.evidence, part, of.believed) for part in (inside, ~inside)
        )
        if of.metric == "specificity":
            return Specificity(of.class_ or "", predicted, others).figures(view)[0].intervals
        asks = self.plan.goal is not None and self.plan.goal.class_ == of.class_
        figures = OfClass(of.class_ or "", predicted, others, 0 if asks else -1).figures(view)
        return figures[_OF_CLASSES.index(of.metric)].intervals

    def _row_set(self, facts: Evidence, rows: Bools, believed: ExpectedLoss) -> RowSet:
        """Return the cells of some rows (n,), answered as they are believed to be."""
        strata = len(self.plan.strata.names)
        codes = self.plan.strata.codes[rows]

        def mean(values: Floats) -> Floats:
            sums = np.bincount(codes, values[rows], strata)
            return np.divide(sums, size, out=np.zeros(strata), where=size > 0)

        size = np.bincount(codes, minlength=strata).astype(np.float64)
        asked = self.plan.allocated * size / self.plan.strata.sizes
        first, square, cube = (
            mean(part) for part in (believed.first, believed.second, believed.third)
        )
        variance = np.maximum(square - first**2, 0)
        third = cube - 3 * first * square + 2 * first**3
        cells = {
            "stratum": np.arange(strata), "domain": np.zeros(strata, np.int64), "size": size,
            "asked": asked, "answered": asked, "total": asked * first,
            "second": variance * np.maximum(asked - 1, 0), "third": third * asked,
            "largest": first,
        }  # fmt: skip
        shift = np.repeat(np.arange(self.batches), strata) * strata
        tiled = {name: np.tile(values, self.batches) for name, values in cells.items()}
        tiled["stratum"] = tiled["stratum"] + shift
        there = tiled["size"] > 0
        return RowSet(evidence=facts, **{name: values[there] for name, values in tiled.items()})

    def _view(self) -> View:
        covered = np.ones(self.batches, np.bool_)
        return View(self._evidence(), np.zeros(self.batches, np.int64), 1, covered)

    def _evidence(self) -> Evidence:
        """Return what is designed; what rests on single rows is left out."""
        goal = self.plan.goal
        asked = None if goal is None else np.zeros(self.batches, np.int64)
        return Evidence(
            batches=[str(number) for number in range(self.batches)],
            versions=[None] * self.batches,
            known_at=np.zeros(self.batches, np.int64),
            has_answers=np.ones(self.batches, np.bool_),
            just_begun=np.zeros(self.batches, np.bool_),
            labels=[],
            domains=[None],
            designed=self._designed(),
            parts=Parts(_NUMBERS, _NUMBERS, _NUMBERS, _NOTHING),
            drawn=SampledRows(_NUMBERS, _NUMBERS, _NOTHING, _NOTHING, _NUMBERS, _NUMBERS),
            answers=Answers(_NUMBERS, _NUMBERS, _NOTHING, _NUMBERS),
            asked_class=asked,
        )

    def _designed(self) -> Designed:
        strata, sizes = self.plan.strata, self.plan.strata.sizes.astype(np.float64)
        many = len(strata.names)
        label = self._only_labels()
        by_name = np.argsort(np.argsort(np.array(strata.names)))
        order = np.lexsort([by_name, label])
        within = np.empty_like(order)
        within[order] = np.arange(many)
        batch = np.repeat(np.arange(self.batches), many)
        return Designed(
            batch=batch,
            place=np.tile(within, self.batches) + batch * many,
            size=np.tile(sizes, self.batches),
            weight=np.tile(sizes / np.maximum(self.plan.allocated, 1), self.batches),
            near=Neighbours(np.tile(label[order], self.batches), batch),
        )

    def _only_labels(self) -> Int64s:
        """Return the label of each stratum, -1 where it holds several: (H,)."""
        codes, many = self.plan.strata.codes, len(self.plan.strata.names)
        labels = self.population.labels.codes.astype(np.int64)
        low, high = np.full(many, np.iinfo(np.int64).max), np.full(many, -1)
        np.minimum.at(low, codes, labels)
        np.maximum.at(high, codes, labels)
        return np.where(low == high, low, -1)
