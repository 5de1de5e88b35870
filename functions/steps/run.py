"""The step `run`: every step that is due, in order, as a scheduler calls it. A repeat is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from functions.app import App
from functions.batches.failures import FAILED
from functions.steps import estimate, pull, push, report, sample, score
from functions.steps.sample import SampleResult
from functions.steps.score import ScoreResult
from labeling.estimates.alerts import Alert
from pipelines.errors import RecheckError

SKIPPED = "skipped"
_READY = ("published", "already", "replaced")  # to be drawn from


@dataclass(frozen=True, slots=True)
class Step:
    """The status of a step."""

    step: str
    batch: str | None  # None where a step is not of one batch
    status: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Every step with its status, and the first failure among them."""

    steps: list[Step]
    alerts: list[Alert]  # every line that the job watches, with its state
    failure: RecheckError | None
    cause: ScoreResult | SampleResult | None  # the step that failed first, where batches did


def run(app: App, batches: Sequence[str], *, dry_run: bool = False) -> RunResult:
    """Score, sample, push, pull, estimate and report.

    A step that fails keeps no other from what it can do: with Label Studio
    down, the answers that are there are estimated all the same. Errors are part
    of the result.

    Args:
        app: the job.
        batches: to work on; none for all.
        dry_run: change nothing.

    Returns:
        The status of each step, and the first failure.
    """
    walk = _Walk(app, tuple(batches), dry_run)
    with app.in_one_commit():
        walk.all()
    return RunResult(walk.steps, walk.alerts, walk.failure, walk.cause)


@dataclass
class _Walk:
    """The steps in their order, with the status of each."""

    app: App
    batches: tuple[str, ...]
    dry_run: bool
    steps: list[Step] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    failure: RecheckError | None = None  # the first
    cause: ScoreResult | SampleResult | None = None

    def all(self) -> None:
        """Do every step."""
        drawn = self._sampled(self._scored())
        self._ask("push", drawn, self._push)
        self._ask("pull", drawn, self._pull)
        with self._noted("estimate"):
            options = estimate.EstimateOptions(self.batches, dry_run=self.dry_run)
            found, self.alerts = estimate.estimate(self.app, options)
            self.steps.append(Step("estimate", None, f"{len(found)} estimates"))
        if not self.dry_run:
            with self._noted("report"):
                self.steps.append(Step("report", None, report.report(self.app).address))

    @contextmanager
    def _noted(self, step: str) -> Iterator[None]:
        """Note a failure of a whole step within, and go on."""
        try:
            yield
        except RecheckError as error:
            self.steps.append(Step(step, None, FAILED))
            self._note(error)

    def _note(self, error: RecheckError, cause: ScoreResult | SampleResult | None = None) -> None:
        """Keep the first failure, which is the one of the run; report a later one at once."""
        if self.failure is None:
            self.failure, self.cause = error, cause
        else:
            self.app.say(f"error: {error.problem}")
            self.app.say(f"hint: {error.fix}")

    def _scored(self) -> tuple[str, ...]:
        """Score; return the batches that can be drawn from."""
        with self._noted("score"):
            done = score.score(self.app, score.ScoreOptions(self.batches, dry_run=self.dry_run))
            self.steps += [Step("score", one.batch, one.status) for one in done.batches]
            if done.failure:
                self._note(done.failure, done)
            ready = [one for one in done.batches if one.status in _READY and one.predictions]
            return tuple(one.batch for one in ready)
        return ()

    def _sampled(self, scored: tuple[str, ...]) -> tuple[str, ...]:
        """Sample; return the batches that people can be asked about."""
        if not scored:
            return ()
        with self._noted("sample"):
            done = sample.sample(self.app, sample.SampleOptions(scored, dry_run=self.dry_run))
            states = {one.batch: "drawn" if one.is_new else "already" for one in done.drawn}
            states |= dict.fromkeys(done.failed, FAILED)
            self.steps += [Step("sample", batch, states[batch]) for batch in scored]
            if done.failure:
                self._note(done.failure, done)
            return tuple(one.batch for one in done.drawn)
        return ()

    def _push(self, drawn: tuple[str, ...]) -> int:
        return push.push(self.app, push.PushOptions(drawn)).created

    def _pull(self, _: tuple[str, ...]) -> int:
        return pull.pull(self.app).annotations

    def _asks_nobody(self) -> bool:
        """Tell whether every outcome comes by itself, and nothing could be shown."""
        labeling = self.app.job.labeling
        return labeling.outcomes == "complete" and not labeling.show

    def _ask(
        self, name: str, drawn: tuple[str, ...], step: Callable[[tuple[str, ...]], int]
    ) -> None:
        """Do a step that needs Label Studio; without one, note it as skipped."""
        with self._noted(name):
            if not drawn or self.app.label_studio is None or self._asks_nobody():
                self.steps.append(Step(name, None, SKIPPED))
            elif self.dry_run:
                self.steps.append(Step(name, None, "due"))
            else:
                self.steps.append(Step(name, None, f"{step(drawn)} new"))
