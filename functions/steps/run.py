"""Every step that is due for a batch, in order; what a scheduler calls. Safe to repeat at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.app import App
from functions.steps import connection, estimate, pull, push, report, sample, score
from labeling.alerts import Alert
from pipelines.errors import RecheckError

SKIPPED = "skipped"


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

    Raises:
        RecheckError: a step failed; `done` on the error holds the steps before
            it, which stay done, what the step itself had done, and the alerts
            that fired.
    """
    walk = _Walk(app, tuple(batches), dry_run, [], [])
    try:
        walk.all()
    except RecheckError as error:
        error.done |= {"steps": walk.steps, "alerts": walk.fired}
        raise
    return walk.steps, walk.fired


@dataclass
class _Walk:
    """The steps, as they are done."""

    app: App
    batches: tuple[str, ...]
    dry_run: bool
    steps: list[Step]
    fired: list[Alert]

    def all(self) -> None:
        """Every step, each told before the next begins."""
        options = score.Options(self.batches, dry_run=self.dry_run)
        _, states = score.score(self.app, options)
        self.steps += [Step("score", state.batch, state.status) for state in states]
        drawable = tuple(
            s.batch
            for s in states
            if s.status in ("published", "already", "replaced") and s.predictions
        )
        for drawn in (
            sample.sample(self.app, sample.Options(drawable, dry_run=self.dry_run))
            if drawable
            else ()
        ):
            self.steps.append(Step("sample", drawn.batch, "drawn" if drawn.is_new else "already"))
        self._ask(
            "push",
            drawable,
            lambda: push.push(self.app, push.Options(drawable, dry_run=self.dry_run)).created,
        )
        self._ask("pull", drawable, lambda: pull.pull(self.app, dry_run=self.dry_run).annotations)
        found, self.fired = estimate.estimate(
            self.app, estimate.Options(self.batches, dry_run=self.dry_run)
        )
        self.steps.append(Step("estimate", None, f"{len(found)} estimates"))
        if not self.dry_run:
            self.steps.append(Step("report", None, str(report.report(self.app))))

    def _ask(self, name: str, drawable: Sequence[str], step: Callable[[], int]) -> None:
        """A step that needs Label Studio; without one it is skipped, and says so."""
        if not drawable or not connection.is_connected(self.app):
            self.steps.append(Step(name, None, SKIPPED))
            return
        if self.dry_run:
            self.steps.append(Step(name, None, "due"))
            return
        self.steps.append(Step(name, None, f"{step()} new"))
