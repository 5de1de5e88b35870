"""The step `sample`: draw a probability sample of a batch's predictions, and store its design."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from functions.app import App
from functions.batches import attempts
from functions.batches.attempts import Attempt, FileDigests
from functions.batches.class_warnings import unlisted_warning
from functions.batches.failures import first_of
from functions.batches.model import trained_on
from functions.batches.nightly import left_out
from functions.draws.batch_draw import BatchDraw, DrawSource, planned
from functions.draws.designs import designs
from functions.draws.lost_answers import LostAnswers, lost_answers
from functions.draws.predictions import package_of
from functions.draws.rows_shown import read_again
from functions.runs import Run, words_of
from functions.steps.score import require_scored
from functions.tables import Views, of_purpose
from pipelines.columns.buffers import Int64s
from pipelines.errors import RecheckError
from pipelines.sampling.plan import Design, DrawRequest
from pipelines.sampling.population import Population
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import DESIGNS, SAMPLES, table_of

_ANSWERED = ("answered", "tied")  # states of a question
_WAIT = 60  # seconds for another command to end its draws
_NAMED = 5  # batches in a hint, of many
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
    lost_answers: int = 0  # to rows that are shown or asked otherwise now


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
        earlier, answers = designs(views, VERIFY), answers_seen(views)
        batches = tuple(dict.fromkeys(options.batches)) or _by_itself(app, live, earlier)
        draws = _Draws(app, views, options, live, digests)
        for batch in app.track(batches, len(batches), "Sampling"):
            draws.add(batch, earlier.get(batch), answers)
        draws.store()
        return draws.result(batches)


def _by_itself(app: App, live: Mapping[str, Attempt], drawn: Collection[str]) -> tuple[str, ...]:
    """Return the scored batches to draw from where none is named.

    As in `run`, those that the live model learned from are left out: it looks better on
    them than it is. Those that were drawn from stay; and where it learned from all of them, all
    are taken, whatever was drawn before: a draw that was killed goes on.
    """
    scored = sorted(batch for batch, attempt in live.items() if attempt.predictions)
    learned = left_out(scored, None, trained_on(app.job, app.store))
    left = [batch for batch in learned if batch not in drawn]
    if not left or len(learned) == len(scored):
        return tuple(scored)
    names = ", ".join(left[:_NAMED]) + (", …" if len(left) > _NAMED else "")
    app.say(
        f"hint: nothing is drawn from what the live model was trained on ({names}); name a batch by "
        "--batch to draw from it"
    )
    return tuple(batch for batch in scored if batch not in left)


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
                samples = draw.samples(rows)
                lost = self._lost(draw, samples)
                self._keep(draw, samples)
                self._done[batch] = replace(_new(draw), lost_answers=lost.count if lost else 0)
                if lost:
                    self.app.say(f"warning: batch {batch}: {lost.words}; people are asked anew")
            except RecheckError as error:
                self._failed[batch] = error
        for warning in warnings:
            self.app.say(warning)

    def _lost(self, draw: BatchDraw, samples: Sequence[Mapping[str, Any]]) -> LostAnswers | None:
        """Return the answers that no longer count, where the draw repeats rows of an earlier one."""
        if draw.source.design is None or not draw.plan.begins_series:
            return None
        before, answered = self._questions
        return lost_answers(self.app.job, before, samples, answered)

    @cached_property
    def _questions(self) -> tuple[dict[str, dict[str, Any]], set[str]]:
        """The drawn rows so far by prediction id, and the ids of those that have an answer; read once."""
        columns = ["prediction_id", "shown_digest", "shown"]
        drawn = self.views.current_samples(purpose=VERIFY, shown=True).select(columns)
        before = {row["prediction_id"]: row for row in drawn.to_pylist()}
        labels = of_purpose(self.views.labels(), VERIFY).to_pylist()
        asked = ((row["prediction_id"], row) for row in labels if row["state"] in _ANSWERED)
        return before, {
            name
            for name, row in asked
            if name in before and row["shown_digest"] == before[name]["shown_digest"]
        }

    def _keep(self, draw: BatchDraw, samples: Sequence[Mapping[str, Any]]) -> None:
        """Store populations, then samples, then the design: a draw without a design never happened."""
        app, head = self.app, draw.head
        design = draw.design(app.settings.actor)
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
