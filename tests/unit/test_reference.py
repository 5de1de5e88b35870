"""The generated reference: whole, and made from the code alone."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from pydantic import BaseModel

from docs import generate
from functions.cli.commands import recheck
from infra.settings import Settings
from pipelines.errors import RecheckError
from pipelines.job.job_file import Job
from pipelines.tables import schemas


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, f"{path} {name}")


COMMANDS = dict(_commands(recheck, "recheck"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_explain_themselves(name: str) -> None:
    command = COMMANDS[name]
    options = [one for one in command.params if isinstance(one, click.Option)]

    assert command.help
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_reference(name: str) -> None:
    assert f"## {name}\n" in generate.commands()


def test_no_two_errors_share_an_exit_code() -> None:
    """2 is a usage error and 10 an alert, so no error takes them."""
    codes = [kind.exit_code for kind in generate.kinds(RecheckError)]

    assert len(codes) == len(set(codes))
    assert not {0, 1, 2, 10} & set(codes)


def test_every_error_stands_in_the_reference() -> None:
    page = generate.errors()

    assert [
        k.__name__ for k in generate.kinds(RecheckError) if f"| {k.exit_code} |" not in page
    ] == []


def test_every_setting_stands_in_the_reference() -> None:
    page = generate.settings()

    assert [name for name in Settings.model_fields if f"| `{name}` |" not in page] == []


def test_every_section_of_the_job_file_stands_in_the_reference() -> None:
    page = generate.job()

    assert [
        name for name in Job.model_fields if f"`{name}" not in page and f"[{name}" not in page
    ] == []
    assert '## `[features.columns.NAME]` with `kind = "numeric"`' in page
    assert "## `[[alerts]]`" in page


def test_every_key_of_the_job_file_says_what_it_is_for() -> None:
    assert [line for line in generate.job().splitlines() if line.endswith("|  |")] == []


def test_every_table_stands_in_the_reference() -> None:
    page = generate.tables()

    assert [name for name in schemas.TABLES if f"## {name}\n" not in page] == []
    assert "| `prediction_id` | `string` | 32 hex digits |" in page


def test_a_default_reads_as_in_the_file() -> None:
    class Model(BaseModel):
        flag: bool = False
        words: tuple[str, ...] = ("a", "b")
        share: float | None = None

    fields = Model.model_json_schema()["properties"]

    assert [generate.default(fields[name], needed=False) for name in fields] == [
        "`false`",
        '`["a", "b"]`',
        "",
    ]
