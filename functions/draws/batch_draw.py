"""The draw from one batch: what is to be drawn, and the rows that its tables get."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from functions.batches.attempts import Attempt, FileDigests
from functions.draws import predictions as predicted
from functions.draws.blindness import looked_at, sight_of_batch, sight_of_drawn
from functions.draws.class_goals import class_goal
from functions.draws.designs import design_rows
from functions.draws.planner import plan_of, scored_batch
from functions.draws.predictions import BatchPredictions
from functions.draws.rows_shown import DrawnRows, WantedIds
from functions.tables import Views
from labeling.questions.shown import shown_digest
from pipelines.errors import StepMissing
from pipelines.job.job_file import Job
from pipelines.models.package import Package
from pipelines.sampling.draws import Draw, draw
from pipelines.sampling.membership import membership_table
from pipelines.sampling.plan import (
    CENSUS_REASON,
    Design,
    DrawRequest,
    DrawStep,
    Plan,
    ScoredBatch,
    next_step,
)
from pipelines.sampling.population import Population
from pipelines.tables.purposes import VERIFY

_BEGINNING = (DrawStep.FIRST, DrawStep.REDRAW)  # they divide all rows anew


@dataclass(frozen=True, slots=True)
class DrawSource:
    """A batch that may be drawn from, as it was before."""

    attempt: Attempt  # the live scoring
    files: FileDigests  # of the attempt
    design: Design | None  # the newest; None if nothing was drawn yet
    answers_seen: int  # answers to the job's questions so far


@dataclass(frozen=True)
class BatchDraw:
    """A draw from a batch, planned and not stored yet."""

    job: Job
    source: DrawSource
    batch: ScoredBatch
    rows: BatchPredictions
    package: Package | None  # of the version that scored the batch
    plan: Plan

    @property
    def number(self) -> int:
        """The number of the draw within its batch, from 1."""
        return self.source.design.draw_no + 1 if self.source.design else 1

    @cached_property
    def _drawn(self) -> Draw:
        return draw(self.rows.population, self.plan.strata, self.plan.allocated)

    @cached_property
    def _places(self) -> list[tuple[int, int, int]]:
        """The rows that were not drawn before: their numbers, strata and ranks."""
        drawn = self._drawn
        return [
            (int(row), int(stratum), int(rank))
            for row, stratum, rank in zip(drawn.rows, drawn.strata, drawn.ranks, strict=True)
            if not self.plan.already_drawn[row]
        ]

    def wanted(self) -> WantedIds:
        """Return the rows that must be read again, to be stored as people see them."""
        scorer = predicted.scorer_of(self.job, self.package)
        ids = frozenset(self.rows.ids[row] for row, *_ in self._places)
        looked = looked_at(self.rows) if self._asks else None
        return WantedIds(self.source.attempt, ids, scorer, looked)

    @property
    def _asks(self) -> bool:
        """Whether people are asked about its rows, and see something of them."""
        return bool(self.job.labeling.show) and self.plan.reason != CENSUS_REASON

    def require_blind(self, seen: DrawnRows) -> list[str]:
        """Refuse rows whose shown columns tell the prediction.

        Args:
            seen: the rows of `wanted`.

        Returns:
            What people may guess from features and texts, in words.

        Raises:
            JobInvalid: a column tells it.
        """
        if not self._asks or seen.beside is None:
            return []
        batch = repr(self.source.attempt.batch)
        all_rows = sight_of_batch(self.job, self.rows, seen.beside)
        all_rows.require_blind(f"the rows of batch {batch}")
        drawn = sight_of_drawn(self.job, self.samples(seen))
        drawn.require_blind(f"the rows that are drawn from batch {batch}")
        return all_rows.warnings

    @property
    def head(self) -> dict[str, Any]:
        """What all rows of the draw have in common, but for the time of the commit."""
        design = self.source.design
        begins = self.plan.begins_series or design is None
        return {
            "job": self.job.name,
            "batch": self.source.attempt.batch,
            "draw_no": self.number,
            "purpose": VERIFY,
            "series": self.number if begins or design is None else design.series,
        }

    def members(self, head: dict[str, Any]) -> pa.Table:
        """Return the rows of `populations`: which stratum each row is in, and whether it was drawn."""
        strata, ids = self.plan.strata, self.rows.population.ids
        return membership_table(head, ids, strata, self._drawn.rows)

    def samples(self, seen: DrawnRows) -> list[dict[str, Any]]:
        """Return the rows of `samples`, without what `head` has.

        Args:
            seen: the rows of `wanted`.
        """
        return [self._sample(place, seen) for place in self._places]

    def design(self, actor: str) -> list[dict[str, Any]]:
        """Return the rows of `designs`, without what `head` has."""
        return design_rows(self.batch, self.plan, actor)

    def _sample(self, place: tuple[int, int, int], drawn: DrawnRows) -> dict[str, Any]:
        row, stratum, rank = place
        plan = self.plan
        name, size = self.rows.ids[row], int(plan.strata.sizes[stratum])
        text = drawn.shown[name]
        return {
            **self.rows.row(row), "scores": drawn.scores.get(name),
            "stratum": plan.strata.names[stratum], "stratum_size": size, "rank": rank,
            "inclusion_probability": float(plan.allocated[stratum] / size),
            "shown": text, "shown_digest": shown_digest(self.job.labeling.question, text),
        }  # fmt: skip


def planned(
    job: Job, views: Views, package: Package | None, source: DrawSource, request: DrawRequest
) -> BatchDraw | None:
    """Plan the next draw from a batch.

    Args:
        job: the job file.
        views: of its tables.
        package: of the version that scored the batch, if it is there.
        source: the batch, and its earlier draw.
        request: the budget, the cohorts and the reason for a redraw, if any.

    Returns:
        The draw; None where the earlier one holds.

    Raises:
        StoreUnavailable: see `functions.draws.predictions.read`.
        StepMissing: the batch was scored without a cohort that divides strata, or
            without the probability of the class that is asked for.
        DrawRefused: see `functions.draws.planner.plan_of`.
    """
    rows = predicted.read(job, views.tables, source.attempt, package, source.files)
    _require_cohorts(job.sampling.cohorts, source.attempt.batch, rows.population)
    batch = scored_batch(job, views, source.attempt, rows.population, source.answers_seen)
    request = _with_goal(job, views, source, batch, request)
    plan = plan_of(views.tables, batch, request, source.design)
    return BatchDraw(job, source, batch, rows, package, plan) if plan else None


def _with_goal(
    job: Job, views: Views, source: DrawSource, batch: ScoredBatch, request: DrawRequest
) -> DrawRequest:
    """Return the request; the class that the job asks more about counts in a new design."""
    step = next_step(batch, request, source.design)
    is_scored = batch.population.chances is not None
    if not (step in _BEGINNING or (step is DrawStep.CARRY_OVER and is_scored)):
        return request
    return replace(request, goal=class_goal(job, views, source.attempt))


def _require_cohorts(wanted: tuple[str, ...], batch: str, population: Population) -> None:
    """Refuse to divide a batch by a cohort that its rows do not have."""
    known = {cohort.name for cohort in population.cohorts}
    absent = [name for name in wanted if name not in known]
    if absent and len(population):
        raise StepMissing(
            f"batch {batch!r} was scored without the cohort {absent[0]!r} of sampling.cohorts",
            fix=f"run `recheck score … --batch {shlex.quote(batch)} --replace`, or take it out of sampling.cohorts",
        )
