"""`recheck estimate`, `report`, `errors`, `plan`, `query` and `doctor`: what came out, and whether it holds."""

from __future__ import annotations

from pathlib import Path

import click

from functions.cli import alerting, output
from functions.cli.csv_output import csv_option, write_csv
from functions.cli.options import (
    as_of_option,
    batch_option,
    dry_run_option,
    job_argument,
    job_option,
    json_option,
    opened,
)
from functions.cli.tables import estimate_table, result_tables
from pipelines.job.limits import MOST_ROWS


@click.command()
@job_argument
@batch_option
@as_of_option
@csv_option
@dry_run_option
@json_option
def estimate(
    job: Path,
    *,
    batches: tuple[str, ...],
    as_of: str | None,
    csv_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Estimate the accuracy, with a 95 % interval.

    And precision, recall and F1, or for numbers the mean error: per batch, cohort,
    version and period. The table is a choice; --json has every figure.
    """
    from functions.steps import estimate as step

    app = opened(job)
    found = step.estimate(app, step.EstimateOptions(batches, as_of, dry_run))
    payload = {
        "estimates": [
            {
                **e.record(),
                "reliable": e.reliable,
                "just_begun": e.just_begun,
                "reason": e.reason or e.note,
                "unlisted": e.unlisted,
            }
            for e in found.estimates
        ],
        "alerts": alerting.records(found.lines, found.alerts, app),
    }
    if csv_file:
        records = [output.plain(record) for record in payload["estimates"]]
        write_csv(csv_file, list(records[0]) if records else [], (r.values() for r in records))
    lines = [
        *estimate_table.estimated(found.estimates, batches, job),
        *estimate_table.watched(found.lines),
    ]
    output.answer(payload, lines, as_json=as_json)
    fired = alerting.tell(found.alerts, job)
    if as_of is None and not dry_run:
        alerting.mark(app, found.alerts)
        alerting.notify(app)
    return fired


@click.command()
@job_argument
@click.option(
    "--output",
    "output_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the page there instead of into the store.",
)
@batch_option
@as_of_option
@json_option
def report(
    job: Path,
    *,
    output_file: Path | None,
    batches: tuple[str, ...],
    as_of: str | None,
    as_json: bool,
) -> None:
    """Write one HTML page: pictures first.

    With --batch, only of these batches; with --as-of, as it was known at a time. Such a
    page does not take the place of the usual one.

    With --json, its words and numbers follow too: docs/guides/operations.md, "The
    report as data".

    Where the right figures are known by other means, it shows them beside its own:
    docs/guides/operations.md, "Known truth".
    """
    from functions.steps import report as step
    from labeling.report import record

    made = step.report(opened(job), step.ReportOptions(output_file, batches, as_of))
    page = {"page": record(made.data)} if as_json else {}
    output.answer({"report": made.address, **page}, [made.address], as_json=as_json)


@click.command()
@job_argument
@batch_option
@click.option("--cohort", metavar="NAME=VALUE", help="Rows of this cohort only.")
@click.option("--class", "class_", metavar="C", help="Rows that are this class, predicted or said.")
@csv_option
@json_option
def errors(
    job: Path,
    *,
    batches: tuple[str, ...],
    cohort: str | None,
    class_: str | None,
    csv_file: Path | None,
    as_json: bool,
) -> None:
    """Show which rows were predicted wrongly, by what people say.

    The most frequent confusion comes first; of numbers, the largest error. The
    table has the first rows; --json and --csv have all.
    """
    from functions.steps import errors as step

    found = step.errors(opened(job), step.ErrorsOptions(batches, cohort, class_))
    if csv_file:
        write_csv(csv_file, *result_tables.error_columns(found))
    output.answer(
        {"errors": [result_tables.error_record(row) for row in found]},
        result_tables.errors(found, csv_file),
        as_json=as_json,
    )


@click.command()
@job_argument
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    metavar="POINTS",
    help="How far the interval may reach to either side: points of a share (2), or units of a number (a tenth of the error).",
)
@click.option(
    "--metric", "metrics", multiple=True, metavar="M", help="A metric; may be given several times."
)
@click.option("--class", "class_", metavar="C", help="The class, for metrics of a single class.")
@batch_option
@click.option(
    "--budget",
    type=click.IntRange(min=1, max=MOST_ROWS),
    metavar="N",
    help="Say what so many answers per batch buy; without it, those of the job file.",
)
@json_option
def plan(
    job: Path,
    *,
    within: float | None,
    metrics: tuple[str, ...],
    class_: str | None,
    batches: tuple[str, ...],
    budget: int | None,
    as_json: bool,
) -> None:
    """Say how many answers an interval of some length takes.

    By the newest scored batch, or by --batch: its draws are those of `recheck sample`,
    and the answers are expected to be as those so far. Before there are any, they are
    as the model's own scores say, or in the worst case half of them wrong.
    """
    from functions.steps import plan as step

    options = step.PlanOptions(within, metrics, class_, batches, budget)
    planned = step.plan(opened(job), options)
    output.answer(output.plain(planned), result_tables.plans(planned), as_json=as_json)


@click.command()
@click.argument("sql")
@job_option
@csv_option
@json_option
def query(sql: str, job: Path, csv_file: Path | None, as_json: bool) -> None:
    """Ask the tables in SQL (DuckDB).

    For example `recheck query "select batch, count(*) from predictions group by all"
    --job JOB`. docs/reference/tables.md describes the tables.
    """
    from functions.steps import query as step

    names, rows = step.query(opened(job), sql)
    if csv_file:
        write_csv(csv_file, names, (list(output.plain(row).values()) for row in rows))
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
