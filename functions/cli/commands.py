"""Every command: its options, its help, and which step it runs. Heavy imports wait until then."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from functions.cli import output
from functions.cli.labelstudio import labelstudio
from functions.cli.options import json_option as _json
from pipelines.errors import RecheckError

if TYPE_CHECKING:
    from functions.app import App

ALERT = 10
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_job = click.argument("job", type=click.Path(path_type=Path), metavar="JOB")
_batch = click.option(
    "--batch",
    "batches",
    multiple=True,
    metavar="B",
    help="A batch; may be given several times. Without it, every batch.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="recheck-loop", prog_name="recheck")
def recheck() -> None:
    """Score batches, ask people about a sample of the predictions, and report an accuracy with an honest interval.

    JOB is the path of a recheck.toml. Exit codes: 0 done, 1 failed, 2 usage,
    3 and up one per named error (docs/reference/errors.md), 10 ran well, but an alert fired.
    """


def _open(job: Path) -> App:
    from functions.app import open_app

    return open_app(job, say=output.say, track=output.tracked)


def run(words: Sequence[str]) -> int:
    """Run one command line; return its exit code."""
    as_json = "--json" in words
    try:
        code = recheck.main(args=list(words), prog_name="recheck", standalone_mode=False)
    except RecheckError as error:
        return output.failure(error, as_json=as_json)
    except click.ClickException as error:
        return _usage(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        output.say("stopped; it is safe to run the same command again")
        return 130
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException, *, as_json: bool) -> int:
    told = RecheckError(error.format_message(), fix=_help_line(error))
    if as_json:
        output.answer(
            {"error": {"code": "usage", "problem": told.problem, "fix": told.fix}}, [], as_json=True
        )
    else:
        output.failure(told, as_json=False)
    return error.exit_code


def _help_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"run `{context.command_path if context else 'recheck'} --help`"


@recheck.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--data",
    required=True,
    metavar="FILE-OR-PATTERN",
    help="A Parquet or CSV file, or a pattern with * and {batch}.",
)
@click.option("--target", metavar="COL", help="The column with the truth, to train on.")
@click.option(
    "--predicted",
    metavar="COL",
    help="The column with predictions that another system made; instead of training.",
)
@click.option("--score", metavar="COL", help="The column with their probability.")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="WORD",
    help="An answer that people may give; for data without labels, or classes not seen yet.",
)
@click.option(
    "--key",
    multiple=True,
    metavar="COL",
    help="A column that names the row; may be given several times.",
)
@click.option("--time", metavar="COL", help="The column with the time of the event.")
@click.option(
    "--batch-by",
    metavar="hour|day|week|COL",
    help="What makes a batch: a period of the time column, or a column.",
)
@click.option(
    "--known-after",
    multiple=True,
    metavar="COL",
    help="A column that is known only after the prediction: never a feature.",
)
@click.option("--question", help="The question to people.")
@_dry_run
@_json
def init(folder: Path, as_json: bool, **options: Any) -> None:
    """Write DIR/recheck.toml from a look at the data; it runs as it is."""
    from functions.steps import init as step

    path, batches, text = step.init(folder, step.Options(**options))
    shown = (
        [text]
        if options["dry_run"]
        else [
            f"wrote {path}",
            f"{len(batches)} batches: {_few(batches)}",
            f"next: recheck {_first_step(options)} {path}",
        ]
    )
    output.answer({"job": path, "batches": batches}, shown, as_json=as_json)


def _first_step(options: Mapping[str, Any]) -> str:
    if options["predicted"]:
        return "score"
    return "fit" if options["target"] else "push --purpose train"


@recheck.command()
@_job
@_batch
@_dry_run
@_json
def fit(job: Path, batches: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Learn the features' statistics and the model; write a signed, versioned package."""
    from functions.steps import fit as step

    made = step.fit(_open(job), batches, dry_run=dry_run)
    lines = [f"model {made.model} version {made.version}: {made.rows} rows, {made.evaluator}"]
    lines += [
        f"  {name}: {value:.4f}" for name, value in made.metrics.items() if isinstance(value, float)
    ]
    output.answer(output.plain(made), lines, as_json=as_json)


@recheck.command()
@_job
@_batch
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="auto|inline|local",
    help="What maps the fragments.",
)
@click.option(
    "--replace", is_flag=True, help="Score again what is scored, and supersede it by one commit."
)
@click.option("--early", is_flag=True, help="Also a period that is not over.")
@_dry_run
@_json
def score(job: Path, as_json: bool, **options: Any) -> None:
    """Check and score batches, or check and publish predictions made elsewhere."""
    from functions.steps import score as step

    version, states = step.score(_open(job), step.Options(**options))
    rows = [[s.batch, s.status, s.rows_in, s.predictions, s.quarantined] for s in states]
    lines = [
        f"version {version}",
        *output.table(["batch", "status", "rows in", "predictions", "quarantined"], rows),
    ]
    if any(s.status == "changed" for s in states):
        output.say(
            "hint: the input of a changed batch is not what was scored; --replace scores it anew"
        )
    output.answer({"version": version, "batches": states}, lines, as_json=as_json)


@recheck.command()
@_job
@_batch
@click.option("--budget", type=click.IntRange(min=1), help="Rows per batch; else the job file's.")
@click.option(
    "--redraw",
    metavar="REASON",
    help="Draw anew, although there is an earlier draw; it stays on record.",
)
@_dry_run
@_json
def sample(job: Path, as_json: bool, **options: Any) -> None:
    """Choose predictions for people, with known inclusion probabilities."""
    from functions.steps import sample as step

    drawn = step.sample(_open(job), step.Options(**options))
    rows = [
        [d.batch, d.sampled, len(d.strata), d.draw, d.reason, "new" if d.is_new else "as before"]
        for d in drawn
    ]
    told = [
        {name: value for name, value in output.plain(d).items() if name != "is_new"} for d in drawn
    ]
    output.answer(
        {"batches": told},
        output.table(["batch", "sampled", "strata", "draw", "reason", ""], rows),
        as_json=as_json,
    )


recheck.add_command(labelstudio)


@recheck.command()
@_job
@_batch
@click.option(
    "--purpose",
    type=click.Choice(["verify", "train"]),
    default="verify",
    show_default=True,
    help="Check predictions, or label rows to train on.",
)
@_dry_run
@_json
def push(job: Path, as_json: bool, **options: Any) -> None:
    """Make one Label Studio task per question that has none."""
    from functions.steps import push as step

    pushed = step.push(_open(job), step.Options(**options))
    output.answer(
        output.plain(pushed),
        [f"project {pushed.project}: {pushed.created} tasks made, {pushed.existing} there before"],
        as_json=as_json,
    )


@recheck.command()
@_job
@click.option(
    "--file",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="F",
    help="Take answers from a Label Studio export, a CSV or a Parquet file instead.",
)
@click.option("--full", is_flag=True, help="Look at every task again, not only at changed ones.")
@_dry_run
@_json
def pull(job: Path, as_json: bool, **options: Any) -> None:
    """Fetch people's answers."""
    from functions.steps import pull as step

    pulled = step.pull(_open(job), **options)
    lines = [
        f"{name}: {value}"
        for name, value in output.plain(pulled).items()
        if not isinstance(value, list)
    ]
    if pulled.unknown_ids:
        output.say(f"hint: unknown ids, the first: {', '.join(pulled.unknown_ids)}")
    output.answer(output.plain(pulled), lines, as_json=as_json)


@recheck.command()
@_job
@_batch
@click.option(
    "--as-of", metavar="T", help="Only what was known at that time (ISO 8601), inclusively."
)
@_dry_run
@_json
def estimate(job: Path, as_json: bool, **options: Any) -> int:
    """Estimate accuracy and the like from the answers, each with a 95 % interval."""
    from functions.steps import estimate as step

    found, alerts = step.estimate(_open(job), step.Options(**options))
    shown = [e for e in found if e.cohort is None]
    rows = [
        [
            e.period,
            e.window,
            e.metric,
            e.class_,
            e.value,
            e.low,
            e.high,
            f"{e.n_answered}/{e.n_asked}",
        ]
        for e in shown
    ]
    header = ["period", "window", "metric", "class", "value", "low", "high", "answered"]
    told = {
        "estimates": [{**e.record(), "reliable": e.reliable} for e in found],
        "alerts": [a.record() for a in alerts],
    }
    output.answer(told, output.table(header, rows), as_json=as_json)
    return _alerted(alerts)


def _alerted(alerts: Sequence[Any]) -> int:
    for alert in alerts:
        output.say(f"alert: {alert.message}")
    return ALERT if alerts else 0


@recheck.command()
@_job
@_json
def report(job: Path, as_json: bool) -> None:
    """Write one HTML page: pictures first."""
    from functions.steps import report as step

    path = step.report(_open(job))
    output.answer({"report": path}, [str(path)], as_json=as_json)


@recheck.command("run")
@_job
@_batch
@_dry_run
@_json
def run_(job: Path, batches: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Do every step that is due, in order; safe to repeat at any time."""
    from functions.steps import run as step

    steps, alerts = step.run(_open(job), batches, dry_run=dry_run)
    rows = [[s.step, s.batch, s.status] for s in steps]
    output.answer(
        {"steps": steps}, output.table(["step", "batch", "status"], rows), as_json=as_json
    )
    return _alerted(alerts)


@recheck.command()
@_job
@_json
def status(job: Path, as_json: bool) -> None:
    """Show what is done and what is due."""
    from functions.steps import status as step

    states = step.status(_open(job))
    rows = [[s.batch, s.scored, s.sampled, s.asked, s.answered] for s in states]
    output.answer(
        {"batches": states},
        output.table(["batch", "scored", "sampled", "asked", "answered"], rows),
        as_json=as_json,
    )


@recheck.command()
@click.argument("sql")
@click.option(
    "--job", required=True, type=click.Path(path_type=Path), metavar="JOB", help="Whose tables."
)
@_json
def query(sql: str, job: Path, as_json: bool) -> None:
    """Ask the tables in SQL (DuckDB)."""
    from functions.steps import query as step

    names, rows = step.query(_open(job), sql)
    output.answer(
        {"columns": names, "rows": rows},
        output.table(names, [list(row.values()) for row in rows]),
        as_json=as_json,
    )


@recheck.command()
@_job
@_json
def doctor(job: Path, as_json: bool) -> int:
    """Check settings, connections and promises P1-P8 on this store."""
    from functions import doctor as step

    promises = step.examine(_open(job))
    marks = {True: "ok", False: "FAILS", None: "?"}
    lines = [f"{promise.id:10} {marks[promise.ok]:5}  {promise.detail}" for promise in promises]
    output.answer({"promises": promises}, lines, as_json=as_json)
    return int(any(promise.ok is False for promise in promises))


def _few(names: Sequence[str]) -> str:
    return (
        ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:3])} … {', '.join(names[-2:])}"
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
