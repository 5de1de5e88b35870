"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from functions.cli import output
from infra.engines.choice import AUTO, ENGINES

if TYPE_CHECKING:
    from functions.app import App

Typed = dict[str, Path]  # what a command line names, for hints


def job_typed(context: click.Context, _parameter: click.Parameter, job: Path | None) -> Path:
    """Return the job's path, `recheck.toml` here where none is named, and keep it for hints; a callback of click."""
    if job is None:
        job = Path("recheck.toml")
        if not job.is_file():
            raise click.UsageError("no JOB is named, and there is no recheck.toml in this folder")
    typed = context.find_object(dict)
    if typed is not None:
        typed["job"] = job
    return job


job_argument = click.argument(
    "job",
    type=click.Path(path_type=Path),
    metavar="[JOB]",
    required=False,
    callback=job_typed,
)
job_option = click.option(
    "--job",
    type=click.Path(path_type=Path),
    metavar="JOB",
    callback=job_typed,
    help="Whose tables; recheck.toml in this folder, if none is named.",
)


class _Text(click.ParamType):
    """Text of whole characters: a terminal may pass any bytes, and no table can hold them."""

    name = "text"

    def convert(
        self, value: str, _param: click.Parameter | None, _ctx: click.Context | None
    ) -> str:
        """Return the text as it is."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail(f"{value!r} is no text in UTF-8")
        return value


TEXT = _Text()
batch_option = click.option(
    "--batch",
    "batches",
    multiple=True,
    type=TEXT,
    metavar="B",
    help="A batch; may be given several times. Without it, every batch. `fit` and `score` take ranges A..B and patterns, too.",
)
as_of_option = click.option(
    "--as-of", metavar="T", help="Only what was known at that time (ISO 8601), inclusively."
)
engine_option = click.option(
    "--engine",
    default=AUTO,
    show_default=True,
    metavar="|".join([AUTO, *ENGINES]),
    help="What does the work: "
    + "".join(f"{engine.about} ({name}), " for name, engine in ENGINES.items())
    + "or whichever fits the size.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be done; change nothing."
)


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`, the parameter `as_json`: print one JSON object."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def opened(job: Path) -> App:
    """Open the job that a command is given; its news go to stderr."""
    from functions.app import open_app

    return open_app(job, say=output.say, track=output.tracked)
