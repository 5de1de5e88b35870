"""`recheck run` and `recheck status`: all that is due, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from functions.cli import alerting, batch_records, output
from functions.cli.options import (
    batch_option,
    dry_run_option,
    job_argument,
    json_option,
    opened,
)
from functions.cli.tables import estimate_table

if TYPE_CHECKING:
    from functions.app import App
    from functions.steps.run import RunResult, StepError
    from functions.steps.sample import SampleResult
    from functions.steps.score import ScoreResult


@click.command("run")
@job_argument
@batch_option
@click.option(
    "--since",
    metavar="B",
    help="The first batch, also where the job file says another by `from`.",
)
@dry_run_option
@json_option
def run(
    job: Path, batches: tuple[str, ...], since: str | None, dry_run: bool, as_json: bool
) -> int:
    """Do every step that is due, in order.

    Score, sample, push, pull, estimate, report; what a scheduler calls. Safe to
    repeat at any time. A step or a batch that fails stops no other. Without a Label
    Studio, now or before, push and pull are skipped. Without --batch it leaves out
    the batches that the live model was trained on, or those before `from` in
    `[batches]`.
    """
    from functions.steps import run as step

    app = opened(job)
    done = step.run(app, step.RunOptions(batches, since, dry_run))
    output.changed([str(s.batch) for s in done.steps if s.status == "changed"], job)
    lines = alerting.records(done.lines, done.alerts, app)
    answer = {"steps": done.steps, "alerts": lines, "report": done.report}
    fired = alerting.tell(done.alerts, job)
    if done.failure and as_json:
        beside = {**_failed(done.cause, job), **answer}
        return output.failure(done.failure, as_json=True, job=job, beside=beside)
    alerting.warn(done.notices)
    text = [*_walked(app, done), *estimate_table.watched(done.lines)]
    output.answer(answer, text, as_json=as_json)
    _say_errors(done.errors, job)
    if done.failure:
        return done.failure.exit_code
    if not dry_run:
        alerting.mark(app, done.alerts)
    return fired


def _say_errors(errors: Sequence[StepError], job: Path) -> None:
    """Print each error once: of batches, or of a whole step."""
    for step, some in groupby(errors, key=lambda one: one.step):
        of_batches = {}
        for one in some:
            if one.batch is None:
                record = output.error_record(one.error, job)
                output.say(f"error: {step}: {record['problem']}")
                output.say(f"hint: {record['fix']}")
            else:
                of_batches[one.batch] = one.error
        batch_records.say_failed(of_batches, job)


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


def _walked(app: App, done: RunResult) -> Iterator[str]:
    from functions import label_studio
    from functions.batches.failures import FAILED
    from functions.steps.run import SKIPPED

    header = ["step", "batch", "status", "count"]
    yield from output.table(header, [[s.step, s.batch, s.status, s.count] for s in done.steps])
    if done.report:
        yield f"report: {done.report}"
    is_asked = any(s.step == "push" and s.status not in (FAILED, SKIPPED) for s in done.steps)
    if is_asked and (project := label_studio.project_url(app.label_studio, app.views())):
        yield estimate_table.place(project)


@click.command()
@job_argument
@json_option
def status(job: Path, as_json: bool) -> None:
    """Show what is done and what is due, batch by batch.

    A batch is due (not scored yet), open (its period is not over), scored, changed
    (its input is not what was scored any more), unreadable (its files were scored
    and cannot be read now), gone (from the data), earlier (than `from` in
    `[batches]`) or trained on (by the live model): `run` leaves those two out. Then come
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
