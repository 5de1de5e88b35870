"""`recheck estimate`, `recheck report`, `recheck query` and `recheck doctor`: what came out, and whether it holds."""

from __future__ import annotations

from pathlib import Path

import click

from functions.cli import estimate_table, output
from functions.cli.options import (
    batch_option,
    dry_run_option,
    job_argument,
    job_typed,
    json_option,
    opened,
)


@click.command()
@job_argument
@batch_option
@click.option(
    "--as-of", metavar="T", help="Only what was known at that time (ISO 8601), inclusively."
)
@dry_run_option
@json_option
def estimate(
    job: Path, batches: tuple[str, ...], as_of: str | None, dry_run: bool, as_json: bool
) -> int:
    """Estimate the accuracy, with a 95 % interval.

    And precision, recall and F1, or for numbers the mean error: per batch, cohort,
    version and period. The table is a choice; --json has every figure.
    """
    from functions.steps import estimate as step

    estimates, alerts = step.estimate(opened(job), step.EstimateOptions(batches, as_of, dry_run))
    payload = {
        "estimates": [
            {
                **e.record(),
                "reliable": e.reliable,
                "just_begun": e.just_begun,
                "reason": e.reason,
            }
            for e in estimates
        ],
        "alerts": [a.record() for a in alerts],
    }
    lines = [*estimate_table.estimated(estimates, batches, job), *estimate_table.watched(alerts)]
    output.answer(payload, lines, as_json=as_json)
    return output.alerted(alerts)


@click.command()
@job_argument
@json_option
def report(job: Path, as_json: bool) -> None:
    """Write one HTML page: pictures first.

    With --json, its words and numbers follow too: docs/guides/operations.md, "The
    report as data".

    Where the right figures are known by other means, it shows them beside its own:
    docs/guides/operations.md, "Known truth".
    """
    from functions.steps import report as step
    from labeling.report import record

    made = step.report(opened(job))
    page = {"page": record(made.data)} if as_json else {}
    output.answer({"report": made.address, **page}, [made.address], as_json=as_json)


@click.command()
@click.argument("sql")
@click.option(
    "--job",
    required=True,
    type=click.Path(path_type=Path),
    metavar="JOB",
    callback=job_typed,
    help="Whose tables.",
)
@json_option
def query(sql: str, job: Path, as_json: bool) -> None:
    """Ask the tables in SQL (DuckDB).

    For example `recheck query "select batch, count(*) from predictions group by all"
    --job JOB`. docs/reference/tables.md describes the tables.
    """
    from functions.steps import query as step

    names, rows = step.query(opened(job), sql)
    output.answer(
        {"columns": names, "rows": rows},
        output.table(names, [list(row.values()) for row in rows]),
        as_json=as_json,
    )


@click.command()
@job_argument
@json_option
def doctor(job: Path, as_json: bool) -> int:
    """Check promises P1-P8 on this store.

    The README lists them. Exit code 1 where one is broken; `?` where one cannot
    be checked from here, with the reason.
    """
    from functions.steps import doctor as step

    promises = step.examine(opened(job))
    marks = {True: "ok", False: "FAILS", None: "?"}
    lines = [f"{promise.id:10} {marks[promise.ok]:5}  {promise.detail}" for promise in promises]
    output.answer({"promises": promises}, lines, as_json=as_json)
    return int(any(promise.ok is False for promise in promises))
