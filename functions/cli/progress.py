"""`recheck run` and `recheck status`: all that is due, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from functions.cli import batch_records, estimate_table, output
from functions.cli.options import (
    batch_option,
    dry_run_option,
    job_argument,
    json_option,
    opened,
)

if TYPE_CHECKING:
    from functions.app import App
    from functions.steps.run import Step
    from functions.steps.sample import SampleResult
    from functions.steps.score import ScoreResult


@click.command("run")
@job_argument
@batch_option
@dry_run_option
@json_option
def run(job: Path, batches: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Do every step that is due, in order.

    Score, sample, push, pull, estimate, report; what a scheduler calls. Safe to
    repeat at any time. Without a Label Studio, push and pull are skipped.
    """
    from functions.steps import run as step

    app = opened(job)
    done = step.run(app, batches, dry_run=dry_run)
    if done.failure:
        output.alerted(done.alerts)
        alerts = [alert.record() for alert in done.alerts]
        beside = {**_failed(done.cause, job), "steps": done.steps, "alerts": alerts}
        return output.failure(done.failure, as_json=as_json, job=job, beside=beside)
    output.changed([str(s.batch) for s in done.steps if s.status == "changed"], job)
    answer = {"steps": done.steps, "alerts": [alert.record() for alert in done.alerts]}
    lines = [*_walked(app, done.steps), *estimate_table.watched(done.alerts)]
    output.answer(answer, lines, as_json=as_json)
    return output.alerted(done.alerts)


def _failed(cause: ScoreResult | SampleResult | None, job: Path) -> dict[str, Any]:
    """Return the batches of the step that failed first."""
    from functions.steps.sample import SampleResult
    from functions.steps.score import ScoreResult

    match cause:
        case ScoreResult():
            return {"batches": batch_records.scored(cause, job)}
        case SampleResult():
            return {"batches": batch_records.drawn(cause, job)}
    return {}


def _walked(app: App, steps: Sequence[Step]) -> Iterator[str]:
    from functions import label_studio
    from functions.steps.run import SKIPPED

    yield from output.table(
        ["step", "batch", "status"], [[s.step, s.batch, s.status] for s in steps]
    )
    is_asked = any(s.step == "push" and s.status != SKIPPED for s in steps)
    if is_asked and (project := label_studio.project_url(app.label_studio, app.views())):
        yield estimate_table.place(project)


@click.command()
@job_argument
@json_option
def status(job: Path, as_json: bool) -> None:
    """Show what is done and what is due, batch by batch.

    A batch is due (not scored yet), open (its period is not over), scored, changed
    (its input is not what was scored any more), or gone (from the data). Then come
    its rows: how many are scored, sampled for people, asked about and answered.
    """
    from functions.steps import status as step

    states = step.status(opened(job))
    header = ["batch", "state", "scored", "sampled", "asked", "answered"]
    rows = [[s.batch, s.state, s.scored, s.sampled, s.asked, s.answered] for s in states]
    if any(s.train.sampled for s in states):
        header += ["to train: asked", "answered"]
        rows = [
            [*row, s.train.asked, s.train.answered] for row, s in zip(rows, states, strict=True)
        ]
    output.changed([s.batch for s in states if s.state == "changed"], job)
    output.answer({"batches": states}, output.table(header, rows), as_json=as_json)
