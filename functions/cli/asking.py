"""`recheck sample`, `recheck push` and `recheck pull`: what people are asked, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from functions.cli import batch_records, output
from functions.cli.options import (
    TEXT,
    batch_option,
    dry_run_option,
    job_argument,
    json_option,
    opened,
)
from functions.cli.tables import estimate_table
from pipelines.job.limits import MOST_ROWS
from pipelines.tables.purposes import TRAIN, VERIFY

if TYPE_CHECKING:
    from functions.steps.sample import Drawn


@click.command()
@job_argument
@batch_option
@click.option(
    "--budget",
    type=click.IntRange(min=1, max=MOST_ROWS),
    metavar="N",
    help="Rows per batch, at least 1; without it, the job file's.",
)
@click.option(
    "--redraw",
    type=TEXT,
    metavar="REASON",
    help="Draw anew, although there is an earlier draw; it stays on record.",
)
@dry_run_option
@json_option
def sample(
    job: Path,
    *,
    batches: tuple[str, ...],
    budget: int | None,
    redraw: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Choose predictions to ask people about.

    Each has a known probability to be chosen, so the answers speak of the whole
    batch. The same command again chooses the same rows; a larger budget adds some.
    Without --batch, batches that the live model was trained on are left out, unless they
    were drawn from before or there are no others.
    """
    from functions.steps import sample as step

    result = step.sample(opened(job), step.SampleOptions(batches, budget, redraw, dry_run))
    answer = {"batches": batch_records.drawn(result, job)}
    if result.failure and as_json:
        return output.failure(result.failure, as_json=True, job=job, beside=answer)
    rows = [
        [d.batch, d.sampled, len(d.strata), d.draw, _reason(d), "new" if d.is_new else "as before"]
        for d in result.drawn
    ]
    header = ["batch", "sampled", "strata", "draw", "reason", ""]
    output.answer(answer, output.table(header, rows), as_json=as_json)
    batch_records.say_failed(result.failed, job)
    return result.failure.exit_code if result.failure else 0


def _reason(draw: Drawn) -> str:
    """Return why a draw was made; of answers that no longer count because of it, that."""
    if not draw.lost_answers:
        return draw.reason
    return f"{draw.lost_answers} answers no longer count"


@click.command()
@job_argument
@batch_option
@click.option(
    "--purpose",
    type=click.Choice([VERIFY, TRAIN]),
    default=VERIFY,
    show_default=True,
    help="Check predictions, or label rows to train on.",
)
@dry_run_option
@json_option
def push(
    job: Path,
    batches: tuple[str, ...],
    purpose: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a Label Studio task for each question that has none."""
    from functions.steps import push as step

    pushed = step.push(opened(job), step.PushOptions(batches, purpose, dry_run))
    lines = estimate_table.pushed(pushed, is_dry=dry_run)
    output.answer(output.plain(pushed), lines, as_json=as_json)


@click.command()
@job_argument
@click.option(
    "--file",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="F",
    help="Take answers from a Label Studio export, or from a CSV, JSON Lines or Parquet file instead.",
)
@click.option("--full", is_flag=True, help="Look at every task again, not only at changed ones.")
@dry_run_option
@json_option
def pull(job: Path, files: tuple[Path, ...], full: bool, dry_run: bool, as_json: bool) -> None:
    """Fetch people's answers."""
    from functions.steps import pull as step

    pulled = step.pull(opened(job), files=files, full=full, dry_run=dry_run)
    counts = output.plain(pulled)
    lines = [f"{name}: {value}" for name, value in counts.items() if isinstance(value, int)]
    lines += [f"cannot tell, {reason}: {n}" for reason, n in pulled.cannot_tell.items()]
    lines += [f"unreadable: {len(pulled.unreadable)}"] if pulled.unreadable else []
    if pulled.unknown_ids:
        output.say(f"hint: unknown ids, the first: {', '.join(pulled.unknown_ids)}")
    output.answer(counts, lines, as_json=as_json)
