"""The step `run`: every step that is due, in order, as a scheduler calls it. A repeat is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from functions.app import App
from functions.batches import attempts
from functions.batches.failures import FAILED
from functions.freshness import watch_data
from functions.notices import Notice
from functions.steps import alerts as alerts_step
from functions.steps import estimate, pull, push, report, sample, score
from functions.steps.sample import Drawn, SampleResult
from functions.steps.score import ScoreResult
from functions.steps.status import asked
from labeling.estimates.alerts import Alert, WatchedLine
from pipelines.errors import InputUnreadable, RecheckError
from pipelines.tables.purposes import VERIFY

DONE, SKIPPED = "done", "skipped"
_READY = ("published", "already", "replaced")  # to be drawn from


@dataclass(frozen=True, slots=True)
class Step:
    """The status of a step."""

    step: str
    batch: str | None  # None where a step is not of one batch
    status: str
    count: int | None = None  # rows, questions, tasks, answers or estimates; None where it failed


@dataclass(frozen=True, slots=True)
class StepError:
    """What kept a step from its work."""

    step: str
    batch: str | None
    error: RecheckError


@dataclass(frozen=True, slots=True)
class RunResult:
    """Every step with its status, and what failed."""

    steps: list[Step]
    lines: list[WatchedLine]  # every line that the job watches, with its state
    alerts: list[Alert]  # those that are over included
    notices: list[Notice]  # what became of those that were due for a channel
    report: str | None  # its address
    errors: list[StepError]  # in the order of the steps
    failure: RecheckError | None  # the first step's, naming its batches
    cause: ScoreResult | SampleResult | None  # the step that failed first, where batches did


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of `recheck run`."""

    batches: tuple[str, ...] = ()
    since: str | None = None
    dry_run: bool = False


def run(app: App, options: RunOptions) -> RunResult:
    """Score, sample, push, pull, estimate and report.

    A step that fails keeps no other from what it can do: with a file that is
    broken or Label Studio down, answers are fetched as far as they can be, and
    those that are there are estimated. Errors are part of the result.

    Without batches, those that the live model was trained on are left out, or
    those before `since` or the job file's `from`.

    Args:
        app: the job.
        options: which batches, and whether anything may change.

    Returns:
        The status of each step, and what failed.
    """
    walk = _Walk(app, options.batches, options.since, options.dry_run)
    with app.in_one_commit():
        walk.all()
    return RunResult(
        walk.steps,
        walk.lines,
        walk.alerts,
        walk.notices,
        walk.report,
        walk.errors,
        walk.failure,
        walk.cause,
    )


@dataclass
class _Walk:
    """The steps in their order, with the status of each."""

    app: App
    batches: tuple[str, ...]
    since: str | None
    dry_run: bool
    steps: list[Step] = field(default_factory=list)
    lines: list[WatchedLine] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    report: str | None = None
    errors: list[StepError] = field(default_factory=list)
    failure: RecheckError | None = None  # the first
    cause: ScoreResult | SampleResult | None = None
    questions: int = 0  # that a run would ask, at most; counted in a dry run

    def all(self) -> None:
        """Do every step."""
        scored = self._scored()
        self._watch_data()
        drawn = self._sampled(scored)
        self._ask("push", self._push(drawn) if drawn or self.questions else None)
        self._ask("pull", self._pull if drawn or self._was_asked else None)
        self._take_outcomes()
        self._estimated()
        if not self.dry_run:
            self._notified()
            with self._noted("report"):
                self.report = report.report(self.app).address
                self.steps.append(Step("report", None, DONE))

    @contextmanager
    def _noted(self, step: str) -> Iterator[None]:
        """Note a failure of a whole step within, and go on."""
        try:
            yield
        except RecheckError as error:
            self.steps.append(Step(step, None, FAILED))
            self.errors.append(StepError(step, None, error))
            self.failure = self.failure or error

    def _note(self, step: str, result: ScoreResult | SampleResult) -> None:
        """Note the batches that failed in a step."""
        self.errors += [StepError(step, batch, error) for batch, error in result.failed.items()]
        if result.failure and self.failure is None:
            self.failure, self.cause = result.failure, result

    def _scored(self) -> tuple[str, ...]:
        """Score; return the batches that can be drawn from."""
        with self._noted("score"):
            options = score.ScoreOptions(
                self.batches, dry_run=self.dry_run, by_itself=True, since=self.since
            )
            done = score.score(self.app, options)
            self.steps += [
                Step("score", one.batch, one.status, one.predictions if one.rows_in else None)
                for one in done.batches
            ]
            self._note("score", done)
            if self.dry_run:
                self._would_ask([one.batch for one in done.batches if one.status == "due"])
            ready = [one for one in done.batches if one.status in _READY and one.predictions]
            return tuple(one.batch for one in ready)
        return ()

    def _watch_data(self) -> None:
        """Keep which data are missing; where single batches are named, nobody looks for others."""
        unlisted = [one.error for one in self.errors if one.batch is None]
        is_known = all(isinstance(error, InputUnreadable) for error in unlisted)  # no file at all
        if self.batches or self.dry_run or not is_known:
            return
        with self._noted("score"):
            watch_data(
                self.app.data,
                self.app.tables(),
                alerts_step.log_of(self.app),
                at=self.app.now(),
                empty=[one.batch or "" for one in self.steps if one.status == "empty"],
            )

    def _would_ask(self, batches: Sequence[str]) -> None:
        """Say how many questions batches would bring that are not scored yet: at most the budget."""
        budget = self.app.job.sampling.budget
        self.steps += [Step("sample", batch, "due", budget) for batch in batches]
        self.questions += budget * len(batches)

    def _sampled(self, scored: tuple[str, ...]) -> tuple[str, ...]:
        """Sample; return the batches that people can be asked about."""
        if not scored:
            return ()
        with self._noted("sample"):
            done = sample.sample(self.app, sample.SampleOptions(scored, dry_run=self.dry_run))
            drawn = {one.batch: one for one in done.drawn}
            self.steps += [
                Step("sample", batch, self._drawn(drawn[batch]), drawn[batch].sampled)
                if batch in drawn
                else Step("sample", batch, FAILED)
                for batch in scored
            ]
            self._note("sample", done)
            if self.dry_run:
                known = asked(self.app.views(), VERIFY)
                self.questions += sum(
                    max(0, one.sampled - known[batch].asked if batch in known else one.sampled)
                    for batch, one in drawn.items()
                )
            return tuple(drawn)
        return ()

    @cached_property
    def _was_asked(self) -> bool:
        """Whether questions were asked that may have answers to fetch; read once."""
        with self._noted("pull"):
            return self.app.views().questions.num_rows > 0
        return False

    def _push(self, drawn: tuple[str, ...]) -> Callable[[], int]:
        return lambda: push.push(self.app, push.PushOptions(drawn)).created

    def _pull(self) -> int:
        return pull.pull(self.app).annotations

    def _drawn(self, draw: Drawn) -> str:
        if not draw.is_new:
            return "already"
        return "due" if self.dry_run else "drawn"

    def _asks_nobody(self) -> bool:
        """Tell whether every outcome comes by itself, and nothing could be shown."""
        labeling = self.app.job.labeling
        return labeling.outcomes == "complete" and not labeling.show

    def _has_nobody_to_ask(self) -> bool:
        """Tell whether no Label Studio is named, and none was used before."""
        return self.app.label_studio is None and not self._was_asked

    def _ask(self, name: str, step: Callable[[], int] | None) -> None:
        """Do a step that needs Label Studio; skip it where none is named and none was used before."""
        with self._noted(name):
            if step is None or self._asks_nobody() or self._has_nobody_to_ask():
                self.steps.append(Step(name, None, SKIPPED))
            elif self.dry_run:
                self.steps.append(
                    Step(name, None, "due", self.questions if name == "push" else None)
                )
            else:
                self.steps.append(Step(name, None, DONE, step()))

    def _take_outcomes(self) -> None:
        """Take the outcomes that come as files, where the job file names some."""
        if self.app.job.labeling.outcomes_path is None:
            return
        with self._noted("outcomes"):
            if self.dry_run:
                self.steps.append(Step("outcomes", None, "due"))
                return
            taken = pull.pull_outcomes(self.app)
            self.steps.append(Step("outcomes", None, DONE, taken.annotations if taken else 0))

    def _estimated(self) -> None:
        """Estimate; of the batches that were asked for, those that were scored."""
        with self._noted("estimate"):
            scored = {one.batch for one in attempts.scored(self.app.tables()).values()}
            batches = tuple(batch for batch in self.batches if batch in scored)
            if self.batches and not batches:
                self.steps.append(Step("estimate", None, SKIPPED))
                return
            options = estimate.EstimateOptions(batches, dry_run=self.dry_run)
            found = estimate.estimate(self.app, options)
            self.lines, self.alerts = found.lines, found.alerts
            self.steps.append(Step("estimate", None, DONE, len(found.estimates)))

    def _notified(self) -> None:
        """Send alerts; a channel that fails is told, and fails nothing else."""
        with self._noted("notify"):
            self.notices = alerts_step.notify(self.app)
            self.steps += [
                Step("notify", None, FAILED if one.error else DONE, one.alerts)
                for one in self.notices
            ]
