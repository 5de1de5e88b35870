"""The step `sample`: draw a probability sample of a batch's predictions, and store its design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from functions.app import App
from functions.batches import attempts
from functions.batches.attempts import Attempt, FileDigests
from functions.batches.class_warnings import unlisted_warning
from functions.batches.failures import first_of
from functions.draws.batch_draw import BatchDraw, DrawSource, planned
from functions.draws.designs import designs
from functions.draws.predictions import package_of
from functions.draws.rows_shown import DrawnRows, read_again
from functions.runs import Run, words_of
from functions.steps.score import require_scored
from functions.tables import Views, of_purpose
from pipelines.columns.buffers import Int64s
from pipelines.errors import RecheckError
from pipelines.sampling.plan import Design, DrawRequest
from pipelines.sampling.population import Population
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import DESIGNS, SAMPLES, table_of

_WAIT = 60  # seconds for another command to end its draws
_AT_ONCE = 2_000_000  # predictions of batches whose rows are read in one pass over the input


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
        batches = tuple(dict.fromkeys(options.batches)) or tuple(sorted(scored))
        earlier, answers = designs(views, VERIFY), answers_seen(views)
        draws = _Draws(app, views, options, live, digests)
        for batch in app.track(batches, len(batches), "Sampling"):
            draws.add(batch, earlier.get(batch), answers)
        draws.store()
        return draws.result(batches)


def answers_seen(views: Views) -> int:
    """Count the questions of the job that have an answer."""
    return int(of_purpose(views.labels(), VERIFY).num_rows)


@dataclass
class _Draws:
    """The draws of one command; those that are planned wait for a common pass over the input."""

    app: App
    views: Views
    options: SampleOptions
    live: Mapping[str, Attempt]  # the live scoring of each batch
    files: Mapping[str, FileDigests]  # of each attempt
    _done: dict[str, Drawn] = field(default_factory=dict)
    _failed: dict[str, RecheckError] = field(default_factory=dict)
    _waiting: list[BatchDraw] = field(default_factory=list)
    _rows: int = 0  # predictions of those that wait

    def add(self, batch: str, design: Design | None, answers_seen: int) -> None:
        """Plan the draw from a batch.

        Args:
            batch: its name.
            design: the newest of the batch, if any.
            answers_seen: answers to the job's questions so far.
        """
        try:
            require_scored(self.live, batch)
            attempt = self.live[batch]
            files = self.files.get(attempt.id, {})
            draw = self._planned(DrawSource(attempt, files, design, answers_seen))
        except RecheckError as error:
            self._failed[batch] = error
            return
        if draw is None:
            self._done[batch] = _held(batch, design)
            return
        self._warn_of_unlisted(batch, draw.rows.population)
        if self.options.dry_run:
            self._done[batch] = _new(draw)
        else:
            self._waiting.append(draw)
            self._rows += len(draw.rows.ids)
            if self._rows > _AT_ONCE:
                self.store()

    def _warn_of_unlisted(self, batch: str, population: Population) -> None:
        """Say which predicted classes people cannot choose."""
        labels = population.labels
        counts = np.bincount(labels.codes, minlength=len(labels.values)).tolist()
        there = {name: n for name, n in zip(labels.values, counts, strict=True) if n}
        if warning := unlisted_warning(batch, there, self.app.job):
            self.app.say(warning)

    def _planned(self, source: DrawSource) -> BatchDraw | None:
        app, options = self.app, self.options
        sampling = app.job.sampling
        request = DrawRequest(sampling.budget, sampling.cohorts, options.budget, options.redraw)
        package = package_of(app.job, app.store, app.settings, source.attempt.version)
        return planned(app.job, self.views, package, source, request)

    def store(self) -> None:
        """Read the rows of all draws that wait, and store each draw."""
        wanted = [draw.wanted() for draw in self._waiting]
        seen, waiting = read_again(self.app.data, wanted), self._waiting
        self._waiting, self._rows = [], 0
        warnings: dict[str, None] = {}
        for draw in waiting:
            batch = draw.source.attempt.batch
            rows = seen[batch]
            try:
                if isinstance(rows, RecheckError):
                    raise rows
                warnings |= dict.fromkeys(draw.require_blind(rows))
                self._keep(draw, rows)
                self._done[batch] = _new(draw)
            except RecheckError as error:
                self._failed[batch] = error
        for warning in warnings:
            self.app.say(warning)

    def _keep(self, draw: BatchDraw, seen: DrawnRows) -> None:
        """Store populations, then samples, then the design: a draw without a design never happened."""
        app, head = self.app, draw.head
        samples, design = draw.samples(seen), draw.design(app.settings.actor)
        transaction = (attempts.draws_id(app.job.name, head["batch"]), draw.number)
        with app.committing() as moment:
            common, store = {**head, "known_at": moment}, app.store
            store.table("populations").append(draw.members(common))
            store.table("samples").append(table_of(SAMPLES, [{**common, **row} for row in samples]))
            rows = table_of(DESIGNS, [{**common, **row} for row in design])
            store.table("designs").append(rows, transaction=transaction)

    def result(self, batches: Sequence[str]) -> SampleResult:
        """Return the draws and the failures, in the order of the batches."""
        done = [self._done[batch] for batch in batches if batch in self._done]
        failed = {batch: self._failed[batch] for batch in batches if batch in self._failed}
        return SampleResult(done, failed)


def _new(draw: BatchDraw) -> Drawn:
    plan = draw.plan
    strata = _strata(plan.strata.names, plan.strata.sizes, plan.allocated)
    total = int(plan.allocated.sum())
    return Drawn(draw.source.attempt.batch, total, draw.number, plan.reason, strata, is_new=True)


def _held(batch: str, design: Design | None) -> Drawn:
    """Return what was drawn before; only where a design holds is there no plan."""
    if design is None:
        raise TypeError("nothing was drawn, and nothing is to be drawn")
    strata = _strata(design.names, design.sizes, design.allocated)
    total = int(design.allocated.sum())
    return Drawn(batch, total, design.draw_no, design.reason, strata, is_new=False)


def _strata(names: Sequence[str], sizes: Int64s, allocated: Int64s) -> list[Stratum]:
    return [
        Stratum(name, int(size), int(taken), float(taken / size))
        for name, size, taken in zip(names, sizes, allocated, strict=True)
    ]
