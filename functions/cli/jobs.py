"""`recheck init`, `remove` and `forget`: a job from a look at the data, and rows of it gone again."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from functions.cli import output
from functions.cli.options import (
    TEXT,
    batch_option,
    dry_run_option,
    job_argument,
    json_option,
    opened,
    yes_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from functions.new_job.init_options import InitOptions
    from functions.new_job.rare_class import RareClass


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--data",
    required=True,
    metavar="FILE-OR-PATTERN",
    help="A Parquet, CSV or JSON Lines file, or a pattern with * and {batch}; delta:ADDRESS, or sql:NAME with --query.",
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
    help="An answer that people may give; for data without labels, or classes not seen yet. May be given several times.",
)
@click.option(
    "--number",
    is_flag=True,
    help="People answer with a number; for data without labels, or numbers that look like classes.",
)
@click.option(
    "--key",
    multiple=True,
    metavar="COL",
    help="A column that names the row; may be given several times.",
)
@click.option("--query", metavar="SQL", help="What to read of the database of `--data sql:NAME`.")
@click.option("--time", metavar="COL", help="The column with the time of the event.")
@click.option(
    "--batch-by",
    metavar="hour|day|week|month|COL",
    help="What makes a batch: a period of the column that --time names, or the values of a column.",
)
@click.option(
    "--known-after",
    multiple=True,
    metavar="COL",
    help="A column that is known only after the prediction: never a feature. May be given several times.",
)
@click.option(
    "--show",
    multiple=True,
    metavar="COL",
    help="A column that people see; without it, at most 20, those that tell most of what is predicted. May be given several times.",
)
@click.option("--question", metavar="TEXT", help="The question to people.")
@click.option(
    "--seed",
    metavar="HEX",
    help="The seed of all draws, 32 hexadecimal digits; random without one. The same seed draws the same rows.",
)
@dry_run_option
@json_option
def init(
    folder: Path,
    *,
    data: str,
    target: str | None,
    predicted: str | None,
    score: str | None,
    answers: tuple[str, ...],
    number: bool,
    key: tuple[str, ...],
    query: str | None,
    time: str | None,
    batch_by: str | None,
    known_after: tuple[str, ...],
    show: tuple[str, ...],
    question: str | None,
    seed: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write DIR/recheck.toml from a look at the data.

    It runs as it is. Say what is predicted by --target, by --predicted, or, where
    nothing holds the truth yet, by what people may answer: --answer or --number.
    """
    from functions.new_job.init_options import InitOptions
    from functions.steps import init as step

    options = InitOptions(
        data=data,
        target=target,
        predicted=predicted,
        score=score,
        answers=answers,
        number=number,
        key=key,
        query=query,
        time=time,
        batch_by=batch_by,
        known_after=known_after,
        show=show,
        question=question,
        seed=seed,
        dry_run=dry_run,
    )
    made = step.init(folder, options)
    count = "1 batch" if len(made.batches) == 1 else f"{len(made.batches)} batches"
    shown = (
        [made.text]
        if dry_run
        else [
            f"wrote {made.path}",
            f"{count}: {output.few(made.batches)}",
            *made.notes,
            *_rare_class(made.rare),
            f"next: recheck {_first_step(options, made.batches)} {shlex.quote(str(made.path))}",
        ]
    )
    answer = {"job": made.path, "batches": made.batches}
    if made.notes:
        answer["notes"] = list(made.notes)
    if made.rare:
        answer["rare_class"] = {"class": made.rare.name, "share": made.rare.share}
    output.answer(answer, shown, as_json=as_json)


def _rare_class(rare: RareClass | None) -> list[str]:
    """Offer to ask more about a class of few rows."""
    if rare is None:
        return []
    doubt = "if it is a class, " if rare.is_doubtful else ""
    needs = (
        "" if rare.has_probability else ", once [predictions] names the column of its probability"
    )
    return [
        f"class {rare.name!r} has {rare.percent} of the rows: {doubt}the line `# for = …` of [sampling] asks more about it{needs}"
    ]


def _first_step(options: InitOptions, batches: Sequence[str]) -> str:
    from functions.steps.init import first_to_check

    if options.predicted:
        return "score"
    if not options.target:
        return "push --purpose train"
    first = first_to_check(batches, options)
    before = [batch for batch in batches if first and batch < first]
    return f"fit --batch {before[0]}..{before[-1]}" if before else "fit"


@click.command()
@job_argument
@batch_option
@yes_option
@dry_run_option
@json_option
def remove(job: Path, *, batches: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool) -> None:
    """Take rows of a job away, with tasks, answers and figures.

    Of some batches, or without --batch of the whole job, in every table and in Label
    Studio. Packages, the record of runs, reports and the input stay, and are named. It
    asks first; --yes answers. Safe to repeat: after a kill it goes on.
    """
    from functions.steps import remove as step

    app = opened(job)
    planned = step.remove(app, step.RemoveOptions(batches, dry_run=True))
    what = f"batch {output.few(batches)}" if batches else "the whole job"
    if dry_run:
        _told(planned.removed, planned.kept, as_json=as_json)
        return
    if not yes:
        _ask(f"remove {what} of {app.job.name}", planned.removed)
    done = step.remove(app, step.RemoveOptions(batches))
    _told(done.removed, done.kept, as_json=as_json)


@click.command()
@job_argument
@click.option(
    "--key",
    required=True,
    type=TEXT,
    metavar="K",
    help='The key of the row, as `predictions` has it; of several columns, a JSON array such as \'["a","b"]\'.',
)
@yes_option
@dry_run_option
@json_option
def forget(job: Path, *, key: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Erase one row everywhere, as a person may ask it of you.

    From every table and file of the store, and in Label Studio. What figures need of it
    stays under a tombstone that nobody can trace to the key. Input, packages and reports
    that hold the row are named: they are yours to change. It asks first; --yes answers.
    Safe to repeat: after a kill it goes on.
    """
    from functions.steps import forget as step

    app = opened(job)
    planned = step.forget(app, key, dry_run=True)
    if dry_run:
        _told(planned.removed, planned.kept, as_json=as_json)
        return
    if not yes:
        _ask(f"forget the row of key {key!r} in {app.job.name}", planned.removed)
    done = step.forget(app, key)
    _told(done.removed, done.kept, as_json=as_json)


def _ask(what: str, rows: Mapping[str, int]) -> None:
    """Ask whether to go on; where nobody can answer, refuse."""
    counts = ", ".join(f"{count} {name}" for name, count in rows.items() if count)
    output.say(f"{what}: {counts or 'no rows'}")
    if not sys.stdin.isatty():
        raise click.UsageError("this cannot be undone, and nobody is there to ask: pass --yes")
    click.confirm("This cannot be undone. Go on?", abort=True, err=True)


def _told(rows: Mapping[str, int], kept: Iterable[str], *, as_json: bool) -> None:
    there = [[name, count] for name, count in rows.items() if count]
    lines = [*output.table(["table", "rows"], there), *(f"stays: {one}" for one in kept)]
    output.answer({"removed": rows, "kept": list(kept)}, lines, as_json=as_json)
