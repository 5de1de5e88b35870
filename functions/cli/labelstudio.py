"""`recheck labelstudio`: a server on this machine, for trying out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from functions.cli import output
from functions.cli.options import json_option
from pipelines.errors import LabelStudioUnreachable, SettingsInvalid

if TYPE_CHECKING:
    from labeling.labelstudio.local.installation import Home
    from labeling.labelstudio.local.server import Server


@click.group()
def labelstudio() -> None:
    """A Label Studio server on this machine, for trying out."""


@contextmanager
def _home() -> Iterator[Home]:
    """Yield the home of the server; that of another user is told."""
    from labeling.labelstudio.local.installation import default_home

    home = default_home(os.environ)
    try:
        yield home
    except PermissionError as error:
        raise SettingsInvalid(
            f"the Label Studio in {home.data.parent} belongs to another user: {error}",
            fix="let RECHECK_LABELSTUDIO_DIR name a folder of this user's own",
        ) from error


def _told(server: Server | None, *, as_json: bool, secrets: bool = False) -> None:
    """Print where the server is; what opens it only where that was asked for."""
    names = ("url", "user", *(("password", "token") if secrets else ()))
    state = {"token": None, **{name: getattr(server, name, None) for name in names}}
    state["running"] = server is not None
    lines = [f"{name}: {value}" for name, value in state.items() if value is not None]
    if server and secrets:
        lines += [
            "",
            "on this machine, recheck finds it by itself; for other programs:",
            f"  export LABEL_STUDIO_URL={server.url} LABEL_STUDIO_API_KEY={server.token}",
        ]
    output.answer(state, lines, as_json=as_json)


@labelstudio.command()
@json_option
def up(as_json: bool) -> None:
    """Start it, or say where it runs already, and how to log in."""
    from labeling.labelstudio.local import server

    with _home() as home:
        running = server.up(home, output.say)
    _told(running, as_json=as_json, secrets=True)


@labelstudio.command()
@json_option
def down(as_json: bool) -> None:
    """Stop it; its data stays."""
    from labeling.labelstudio.local import server

    with _home() as home:
        server.down(home)
    _told(None, as_json=as_json)


@labelstudio.command("status")
@click.option("--show-secrets", is_flag=True, help="With password and token.")
@json_option
def server_status(*, show_secrets: bool, as_json: bool) -> None:
    """Say whether it runs, and where."""
    from labeling.labelstudio.local import server

    with _home() as home:
        running = server.status(home)
    _told(running, as_json=as_json, secrets=show_secrets)


@labelstudio.command()
@json_option
def prepare(as_json: bool) -> None:
    """Install it into its own environment, so that `up` takes seconds."""
    from labeling.labelstudio.local import server

    with _home() as home:
        server.prepare(home, output.say)
    state = {"prepared": True}
    output.answer(state, ["`recheck labelstudio up` starts it in seconds"], as_json=as_json)


@labelstudio.group()
def user() -> None:
    """Accounts of more people on it."""


@user.command()
@click.argument("email")
@json_option
def add(email: str, *, as_json: bool) -> None:
    """Make an account for one more person, and print its password once.

    EMAIL names the person; nothing is sent there. Everybody needs an account of
    their own: answers are told apart by it, and nobody gets a question twice.
    """
    from labeling.labelstudio.local import server
    from labeling.labelstudio.local.accounts import add_account

    with _home() as home:
        running = server.status(home)
    if running is None:
        raise LabelStudioUnreachable(
            "no Label Studio of `recheck labelstudio up` runs on this machine",
            fix="run `recheck labelstudio up`; elsewhere, an administrator invites people",
        )
    account = output.plain(add_account(running, email))
    output.answer(account, [f"{name}: {value}" for name, value in account.items()], as_json=as_json)
