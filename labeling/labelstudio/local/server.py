"""A Label Studio on this machine, to try things out: up, down, status.

It listens on the loopback address only, sends nothing anywhere, and keeps its
data in SQLite: right for a laptop and for tests, not for a team.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from labeling.labelstudio.local.installation import Home, Progress, install, version
from labeling.labelstudio.local.process import end, is_ready, is_up, start, url_of, wait
from pipelines.errors import LabelStudioUnreachable

USER = "recheck@example.com"
FIRST_START = 900.0  # seconds; measured up to 182 on a slow disk
_OWNER_ONLY = 0o700
LATER_START = 300.0  # measured 3 to 48


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and the account that may use it."""

    url: str
    user: str
    password: str
    token: str


def prepare(home: Home, say: Progress) -> None:
    """Install the server and make its template, unless both are there.

    Raises:
        LabelStudioUnreachable: see `installation.install` and `up`.
    """
    install(home, say)
    home.template.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home.template}.lock"):
        if not _is_whole(home.template):
            say("preparing an empty Label Studio (once, a minute or two)")
            _make_template(home)
        _make_private(home.template)


def up(home: Home, say: Progress) -> Server:
    """Start the server, or return the one that runs.

    The first call installs it and makes a template of an empty database;
    later starts copy that and take seconds. Answers outlive `down`.

    Raises:
        LabelStudioUnreachable: it does not start; the fix names its log.
    """
    prepare(home, say)
    _make_private(home.data)
    with _alone(home):
        if is_up(home):  # perhaps still starting
            wait(home, LATER_START)
        else:
            _copy_template(home)
            start(home, {}, LATER_START)
        return _server(home)


def down(home: Home) -> bool:
    """End the server of this home and nothing else; say whether one ran."""
    if not home.data.is_dir():
        return False
    with _alone(home):
        return end(home)


def status(home: Home) -> Server | None:
    """Return the running server, or None."""
    return _server(home) if is_up(home) else None


def found(home: Home) -> Server | None:
    """Return the server that other commands may use although no setting names it, or None.

    It runs, and it is the one that answers at its address: a port that was
    taken by a stranger meanwhile never gets to see the token.

    Raises:
        LabelStudioUnreachable: it runs and does not answer there.
    """
    try:
        if not is_up(home):
            return None
        if not is_ready(home):
            raise LabelStudioUnreachable(
                f"the Label Studio of `recheck labelstudio up` does not answer at {url_of(home)}",
                fix="`recheck labelstudio up` waits where it is starting; else run "
                "`recheck labelstudio down`, then `recheck labelstudio up`, "
                "or name another by LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY",
            )
        return _server(home)
    except PermissionError:  # somebody else's
        return None


def _make_template(home: Home) -> None:
    part = Home(home.environment, home.template, home.template.with_name("template.part"))
    down(part)  # of an attempt that was interrupted
    for folder in (part.data, home.template):
        shutil.rmtree(folder, ignore_errors=True)
    account = {"user": USER, "password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
    _make_private(part.data)
    (part.data / "files").mkdir()
    _write(part.data / "account.json", account | {"version": version()})
    first = {
        "LABEL_STUDIO_USERNAME": USER,
        "LABEL_STUDIO_PASSWORD": account["password"],
        "LABEL_STUDIO_USER_TOKEN": account["token"],
    }
    try:
        start(part, first, FIRST_START)
    finally:
        down(part)
    part.data.rename(home.template)


def _copy_template(home: Home) -> None:
    if (home.data / "account.json").exists():
        return
    shutil.rmtree(home.data / "files", ignore_errors=True)
    for name in ("files", "account.json"):  # the account last: it is the mark of a whole copy
        source = home.template / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, home.data / name)


def _is_whole(template: Path) -> bool:
    try:
        return bool(json.loads((template / "account.json").read_text())["version"] == version())
    except OSError:
        return False


def _server(home: Home) -> Server:
    account = json.loads((home.data / "account.json").read_text())
    return Server(url_of(home), account["user"], account["password"], account["token"])


def _alone(home: Home) -> FileLock:
    """Return a lock, so that one `up` or `down` runs at a time."""
    return FileLock(home.data / "changing.lock")


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else can look into: the database in it holds the token."""
    folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    folder.chmod(_OWNER_ONLY)


def _write(path: Path, content: dict[str, str]) -> None:
    """Write a file for the owner's eyes only: it holds a password."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
