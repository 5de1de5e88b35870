"""The step `sample`: draw a probability sample of a batch's predictions, and store its design."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from functions.app import App
from functions.batches import attempts
from functions.batches.attempts import Attempt, FileDigests
from functions.batches.failures import first_of
from functions.batches.unlisted_classes import warning_of
from functions.draws import predictions as predicted
from functions.draws.class_goals import class_goal
from functions.draws.designs import design_rows, designs
from functions.draws.planner import plan_of, scored_batch
from functions.draws.predictions import BatchPredictions
from functions.draws.rows_shown import DrawnRows, read_again
from functions.runs import Run, words_of
from functions.steps.score import require_scored
from functions.tables import Views, of_purpose
from labeling.questions.shown import shown_digest
from pipelines.columns.buffers import Int64s
from pipelines.errors import RecheckError, StepMissing
from pipelines.sampling.draws import Draw, draw
from pipelines.sampling.membership import membership_table
from pipelines.sampling.plan import (
    Design,
    DrawRequest,
    DrawStep,
    Plan,
    ScoredBatch,
    next_step,
)
from pipelines.sampling.population import Population
from pipelines.scoring.scorers import Scorer
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import DESIGNS, SAMPLES, table_of

_BEGINNING = (DrawStep.FIRST, DrawStep.REDRAW)  # they divide all rows anew
_WAIT = 60  # seconds for another command to end its draws


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """The options of `recheck sample`."""

    batches: tuple[str, ...] = ()
    budget: int | None = None
    redraw: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of a draw."""

    stratum: str
    size: int
    sampled: int
    probability: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """The draw of a batch."""

    batch: str
    sampled: int
    draw: int  # its number; a repeat that draws nothing has the same
    reason: str
    strata: list[Stratum]
    is_new: bool


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The draw of each batch, or why there is none; draws hold, whatever failed beside them."""

    drawn: list[Drawn]
    failed: dict[str, RecheckError]  # by batch

    @property
    def failure(self) -> RecheckError | None:
        """The error of the first batch that failed, with the names of the others."""
        return first_of(self.failed)


def sample(app: App, options: SampleOptions) -> SampleResult:
    """Draw from these batches, or from every scored one; the same again draws nothing.

    Errors of one batch (it was not scored, a smaller budget or another seed after a
    draw, an input that is not what was scored) are part of the result.

    Raises:
        ConcurrentRun: another command draws for the same job.
    """
    run = Run.of("sample", options.batches, {"budget": options.budget, "redraw": options.redraw})
    with app.recording(run, dry_run=options.dry_run):
        result = _sample(app, options)
        run.rows = sum(draw.sampled for draw in result.drawn if draw.is_new)
        run.outputs = {draw.batch: draw.draw for draw in result.drawn if draw.is_new}
        run.error = words_of(result.failure) if result.failure else None
    return result


def _sample(app: App, options: SampleOptions) -> SampleResult:
    with app.alone(f"sample-{app.job.name}", wait=_WAIT, dry_run=options.dry_run):
        views = app.views()
        digests = attempts.file_digests(views.tables)
        live = attempts.live(views.tables)
        scored = (batch for batch, attempt in live.items() if attempt.predictions)
        batches = options.batches or tuple(sorted(scored))
        earlier, answers = designs(views, VERIFY), answers_seen(views)
        result = SampleResult([], {})
        for batch in app.track(batches, len(batches), "Sampling"):
            try:
                require_scored(live, batch)
                files = digests.get(live[batch].id, {})
                one = _Batch(app, views, live[batch], files, earlier.get(batch), answers)
                result.drawn.append(one.draw(options))
            except RecheckError as error:
                result.failed[batch] = error
        return result


def answers_seen(views: Views) -> int:
    """Count the questions of the job that have an answer."""
    return int(of_purpose(views.labels(), VERIFY).num_rows)


@dataclass(frozen=True, slots=True)
class _Batch:
    """One batch that is drawn from."""

    app: App
    views: Views
    attempt: Attempt
    files: FileDigests  # of the attempt
    design: Design | None
    answers_seen: int

    def draw(self, options: SampleOptions) -> Drawn:
        app, tables = self.app, self.views.tables
        job = app.job
        package = predicted.package_of(job, app.store, app.settings, self.attempt.version)
        rows = predicted.read(job, tables, self.attempt, package, self.files)
        self._require_cohorts(rows.population)
        batch = scored_batch(job, self.views, self.attempt, rows.population, self.answers_seen)
        request = self._request(batch, options)
        plan = plan_of(tables, batch, request, self.design)
        if plan is None:
            return self._held(self.design)
        self._warn_of_unlisted(rows.population)
        if not options.dry_run:
            self._store(batch, rows, plan, predicted.scorer_of(job, package))
        strata = _strata(plan.strata.names, plan.strata.sizes, plan.allocated)
        total = int(plan.allocated.sum())
        return Drawn(self.attempt.batch, total, self._number, plan.reason, strata, is_new=True)

    def _request(self, batch: ScoredBatch, options: SampleOptions) -> DrawRequest:
        """Return what is asked for; the class that the job asks more about counts in a new design."""
        sampling = self.app.job.sampling
        request = DrawRequest(sampling.budget, sampling.cohorts, options.budget, options.redraw)
        step = next_step(batch, request, self.design)
        is_scored = batch.population.chances is not None
        if not (step in _BEGINNING or (step is DrawStep.CARRY_OVER and is_scored)):
            return request
        return replace(request, goal=class_goal(self.app.job, self.views, self.attempt))

    def _require_cohorts(self, population: Population) -> None:
        """Refuse to divide a batch by a cohort that its rows do not have."""
        known = {cohort.name for cohort in population.cohorts}
        absent = [name for name in self.app.job.sampling.cohorts if name not in known]
        if absent and len(population):
            raise StepMissing(
                f"batch {self.attempt.batch!r} was scored without the cohort {absent[0]!r} of sampling.cohorts",
                fix=f"run `recheck score … --batch {shlex.quote(self.attempt.batch)} --replace`, or take it out of sampling.cohorts",
            )

    def _warn_of_unlisted(self, population: Population) -> None:
        labels = population.labels
        counts = np.bincount(labels.codes, minlength=len(labels.values)).tolist()
        there = {name: n for name, n in zip(labels.values, counts, strict=True) if n}
        if warning := warning_of(self.attempt.batch, there, self.app.job.target.answers):
            self.app.say(warning)

    def _held(self, design: Design | None) -> Drawn:
        """Return what was drawn before; only where a design holds is there no plan."""
        if design is None:
            raise TypeError("nothing was drawn, and nothing is to be drawn")
        strata = _strata(design.names, design.sizes, design.allocated)
        total = int(design.allocated.sum())
        return Drawn(self.attempt.batch, total, design.draw_no, design.reason, strata, is_new=False)

    @property
    def _number(self) -> int:
        return self.design.draw_no + 1 if self.design else 1

    def _store(
        self, batch: ScoredBatch, rows: BatchPredictions, plan: Plan, scorer: Scorer | None
    ) -> None:
        """Store populations, then samples, then the design: a draw without a design never happened."""
        series = self._number if plan.begins_series or self.design is None else self.design.series
        head = {
            "job": self.app.job.name,
            "batch": self.attempt.batch,
            "draw_no": self._number,
            "purpose": VERIFY,
        }
        drawn = draw(rows.population, plan.strata, plan.allocated)
        samples = self._samples(rows, plan, drawn, scorer)
        made = design_rows(batch, plan, self.app.settings.actor)
        transaction = (f"sample/{self.app.job.name}/{self.attempt.batch}/{VERIFY}", self._number)
        with self.app.committing() as moment:
            common = {**head, "series": series, "known_at": moment}
            store = self.app.store
            store.table("populations").append(
                membership_table(common, rows.population.ids, plan.strata, drawn.rows)
            )
            store.table("samples").append(table_of(SAMPLES, [{**common, **row} for row in samples]))
            rows_of_design = table_of(DESIGNS, [{**common, **row} for row in made])
            store.table("designs").append(rows_of_design, transaction=transaction)

    def _samples(
        self, rows: BatchPredictions, plan: Plan, drawn: Draw, scorer: Scorer | None
    ) -> list[dict[str, Any]]:
        """Return the rows that were not drawn before, as people see them."""
        places = [
            (int(row), int(stratum), int(rank))
            for row, stratum, rank in zip(drawn.rows, drawn.strata, drawn.ranks, strict=True)
            if not plan.already_drawn[row]
        ]
        ids = [rows.ids[row] for row, *_ in places]
        seen = read_again(self.app.data, self.attempt, ids, scorer)
        return [self._sample(rows, plan, place, seen) for place in places]

    def _sample(
        self, rows: BatchPredictions, plan: Plan, place: tuple[int, int, int], drawn: DrawnRows
    ) -> dict[str, Any]:
        row, stratum, rank = place
        name, size = rows.ids[row], int(plan.strata.sizes[stratum])
        text = drawn.shown[name]
        return {
            **rows.row(row), "scores": drawn.scores.get(name),
            "stratum": plan.strata.names[stratum], "stratum_size": size, "rank": rank,
            "inclusion_probability": float(plan.allocated[stratum] / size),
            "shown": text, "shown_digest": shown_digest(self.app.job.labeling.question, text),
        }  # fmt: skip


def _strata(names: Sequence[str], sizes: Int64s, allocated: Int64s) -> list[Stratum]:
    return [
        Stratum(name, int(size), int(taken), float(taken / size))
        for name, size, taken in zip(names, sizes, allocated, strict=True)
    ]
