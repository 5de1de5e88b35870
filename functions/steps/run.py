"""Every step that is due for a batch, in order; what a scheduler calls. Safe to repeat at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from functions import label_studio
from functions.app import App
from functions.batches.publish import BatchResult
from functions.steps import estimate, pull, push, report, sample, score
from functions.steps.sample import Drawn
from labeling.estimates.alerts import Alert
from pipelines.errors import RecheckError

SKIPPED, FAILED = "skipped", "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a step."""

    step: str
    batch: str | None  # None where a step is not of one batch
    status: str


def run(
    app: App, batches: Sequence[str], *, dry_run: bool = False
) -> tuple[list[Step], list[Alert]]:
    """Score, sample, push, pull, estimate and report.

    A step that fails keeps no other from what it can do: with Label Studio
    down, the answers that are there are estimated all the same.

    Raises:
        RecheckError: the first that a step raised, when all are through; `done`
            on it holds every step, what that one had done, and the alerts that
            fired.
    """
    walk = _Walk(app, tuple(batches), dry_run)
    walk.all()
    if walk.failure:
        walk.failure.done |= {"steps": walk.steps, "alerts": walk.fired}
        raise walk.failure
    return walk.steps, walk.fired


@dataclass
class _Walk:
    """The steps, as they are done."""

    app: App
    batches: tuple[str, ...]
    dry_run: bool
    steps: list[Step] = field(default_factory=list)
    fired: list[Alert] = field(default_factory=list)
    failure: RecheckError | None = None  # the first

    def all(self) -> None:
        """Every step, each told before the next begins."""
        drawn = self._sampled(self._scored())
        self._ask("push", drawn, self._push)
        self._ask("pull", drawn, self._pull)
        with self._noted("estimate"):
            options = estimate.EstimateOptions(self.batches, dry_run=self.dry_run)
            found, self.fired = estimate.estimate(self.app, options)
            self.steps.append(Step("estimate", None, f"{len(found)} estimates"))
        if not self.dry_run:
            with self._noted("report"):
                self.steps.append(Step("report", None, str(report.report(self.app).path)))

    @contextmanager
    def _noted(self, step: str) -> Iterator[None]:
        """Note that a step failed, and go on."""
        try:
            yield
        except RecheckError as error:
            self.steps.append(Step(step, None, FAILED))
            if self.failure is None:
                self.failure = error
            else:
                self.app.say(f"error: {error.problem}")
                self.app.say(f"hint: {error.fix}")

    def _scored(self) -> tuple[str, ...]:
        """Score; return the batches that can be drawn from."""
        states: Sequence[BatchResult] = ()
        with self._noted("score"):
            try:
                _, states = score.score(
                    self.app, score.ScoreOptions(self.batches, dry_run=self.dry_run)
                )
            except RecheckError as error:
                states = error.done.get("batches", ())
                raise
            finally:
                self.steps += [Step("score", state.batch, state.status) for state in states]
        ready = ("published", "already", "replaced")
        return tuple(one.batch for one in states if one.status in ready and one.predictions)

    def _sampled(self, scored: tuple[str, ...]) -> tuple[str, ...]:
        """Sample; return the batches that people can be asked about."""
        drawn: Sequence[Drawn] = ()
        if scored:
            with self._noted("sample"):
                try:
                    drawn = sample.sample(
                        self.app, sample.SampleOptions(scored, dry_run=self.dry_run)
                    )
                except RecheckError as error:
                    drawn = error.done.get("batches", ())
                    raise
                finally:
                    self.steps += [
                        Step("sample", one.batch, "drawn" if one.is_new else "already")
                        for one in drawn
                    ]
        return tuple(one.batch for one in drawn)

    def _push(self, drawn: tuple[str, ...]) -> int:
        return push.push(self.app, push.PushOptions(drawn)).created

    def _pull(self, _: tuple[str, ...]) -> int:
        return pull.pull(self.app).annotations

    def _ask(
        self, name: str, drawn: tuple[str, ...], step: Callable[[tuple[str, ...]], int]
    ) -> None:
        """A step that needs Label Studio; without one it is skipped, and says so."""
        with self._noted(name):
            if not drawn or not label_studio.is_connected(self.app):
                self.steps.append(Step(name, None, SKIPPED))
            elif self.dry_run:
                self.steps.append(Step(name, None, "due"))
            else:
                self.steps.append(Step(name, None, f"{step(drawn)} new"))
