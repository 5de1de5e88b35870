"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from functions.cli import output

if TYPE_CHECKING:
    from functions.app import App

job_argument = click.argument("job", type=click.Path(path_type=Path), metavar="JOB")
batch_option = click.option(
    "--batch",
    "batches",
    multiple=True,
    metavar="B",
    help="A batch; may be given several times. Without it, every batch.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be done; change nothing."
)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`: print one JSON object, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def opened(job: Path) -> App:
    """The job that a command was given; it talks on stderr."""
    from functions.app import open_app

    return open_app(job, say=output.say, track=output.tracked)
