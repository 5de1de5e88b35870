"""`recheck fit` and `recheck score`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from functions.cli import batch_records, output
from functions.cli.options import (
    batch_option,
    dry_run_option,
    engine_option,
    job_argument,
    json_option,
    opened,
)

if TYPE_CHECKING:
    from functions.steps.fit import FitResult
    from pipelines.job.job_file import Job


@click.command()
@job_argument
@batch_option
@engine_option
@dry_run_option
@json_option
def fit(job: Path, batches: tuple[str, ...], engine: str, dry_run: bool, as_json: bool) -> None:
    """Train the model of the job, and sign it.

    The features' statistics and the model become one version: a package in the
    store that holds no executable objects. The same data makes the same version.
    """
    from functions.steps import fit as step

    made = step.fit(opened(job), batches, engine=engine, dry_run=dry_run)
    output.answer(output.plain(made), _fitted(made, dry_run=dry_run), as_json=as_json)


def _fitted(made: FitResult, *, dry_run: bool) -> Iterator[str]:
    from functions.steps.fit import NOT_FITTED

    about = f"{made.rows} rows, {made.evaluator}"
    if made.written:
        yield f"model {made.model} version {made.version}: {about}"
    elif made.evaluator == NOT_FITTED:
        yield f"model {made.model} version {made.version} would be made: {made.rows} rows"
    else:
        done = "would be written" if dry_run else "was written"
        yield f"model {made.model} version {made.version} is there already, nothing {done}: {about}"
    for name, value in made.metrics.items():
        if isinstance(value, float):
            yield f"  {name}: " + (f"{value:.0f}" if name.endswith("_rows") else f"{value:.4f}")
    if made.metrics.get("accuracy", 1) <= made.metrics.get("largest_class", 0):
        yield "  warning: on the hold-out it is no better than always giving the most frequent answer"


@click.command()
@job_argument
@batch_option
@engine_option
@click.option(
    "--replace", is_flag=True, help="Score again what is scored, and supersede it by one commit."
)
@click.option("--early", is_flag=True, help="Also a period that is not over.")
@dry_run_option
@json_option
def score(
    job: Path,
    *,
    batches: tuple[str, ...],
    engine: str,
    replace: bool,
    early: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Score batches, or publish predictions made elsewhere.

    Rows that cannot be scored are quarantined with a reason. A batch that is
    scored stays as it is; where its input has changed since, its status is
    `changed` until --replace.
    """
    from functions.steps import score as step

    app = opened(job)
    options = step.ScoreOptions(batches, engine, replace, early, dry_run)
    result = step.score(app, options)
    records, states = batch_records.scored(result, job), result.batches
    if result.failure and as_json:
        beside = {"batches": records}
        return output.failure(result.failure, as_json=True, job=job, beside=beside)
    rows = [[s.batch, s.status, s.rows_in, s.predictions, s.quarantined] for s in states]
    lines = [
        f"version {result.version}" if app.job.model else _elsewhere(app.job),
        *output.table(["batch", "status", "rows in", "predictions", "quarantined"], rows),
    ]
    output.changed([s.batch for s in states if s.status == "changed"], job)
    if waiting := [s.batch for s in states if s.status == "open" and not s.rows_in]:
        output.say(
            f"hint: not over, or not settled: {output.few(waiting)}; --early scores what is there"
        )
    answer = {"version": result.version, "batches": records}
    output.answer(answer, lines, as_json=as_json)
    batch_records.say_failed(result.failed, job)
    return result.failure.exit_code if result.failure else 0


def _elsewhere(job: Job) -> str:
    if job.predictions and job.predictions.version:
        return (
            f"predictions made elsewhere, their version as column {job.predictions.version!r} says"
        )
    return "predictions made elsewhere, without a version"
