"""A Label Studio on this machine, to try things out: up, down, status.

It listens on the loopback address only, sends nothing anywhere, and keeps its
data in SQLite: right for a laptop and for tests, not for a team.

A server counts as running while it holds the lock of its folder. The lock is
inherited by the server's process and dies with it, so that a crash, a reboot
or a process id that a stranger uses now cannot mislead `status` or `down`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from filelock import FileLock

from labeling.labelstudio.local.installation import Home, Progress, install, version
from pipelines.errors import LabelStudioUnreachable

HOST = "127.0.0.1"
USER = "recheck@example.com"
FIRST_START = 900.0  # seconds; measured up to 182 on a slow disk
LATER_START = 300.0  # measured 3 to 48
GRACE = 15.0  # seconds between asking the server to end and ending it
_DIRECT = build_opener(ProxyHandler({}))  # no proxy stands between us and this machine
_DETACH = '"$0" "$@" &'  # the server is nobody's child, so that nobody must wait for its end
_LAUNCH = 'echo $$ > "$0" && exec "$@"'  # its process id is known before anything else runs
# No more: Label Studio takes settings from any HOST, PORT, USERNAME, PASSWORD or POSTGRE_… it meets.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
_QUIET = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",  # the default is the maker's own
    "FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",  # read when the first account is made
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "SSRF_PROTECTION_ENABLED": "false",  # its webhooks may reach this machine
    "PYTHONUNBUFFERED": "1",
}


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


def up(home: Home, say: Progress) -> Server:
    """Start the server, or return the one that runs.

    The first call installs it and makes a template of an empty database;
    later starts copy that and take seconds. Answers outlive `down`.

    Raises:
        LabelStudioUnreachable: it does not start; the fix names its log.
    """
    prepare(home, say)
    home.data.mkdir(parents=True, exist_ok=True)
    with _alone(home):
        if is_up(home):  # perhaps still starting
            _wait(home, LATER_START)
        else:
            _copy_template(home)
            _start(home, [], LATER_START)
        return _server(home)


def down(home: Home) -> bool:
    """End the server of this home and nothing else; say whether one ran."""
    if not home.data.is_dir():
        return False
    with _alone(home):
        ran = is_up(home)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if is_up(home):
                _signal(int(_path(home, "pid").read_text()), number)
                _await_end(home)
        return ran


def status(home: Home) -> Server | None:
    """The running server, or None."""
    return _server(home) if is_up(home) else None


def found(home: Home) -> Server | None:
    """The server that other commands may use without being told of it, or None.

    It runs, and it is the one that answers at its address: a port that was
    taken by a stranger meanwhile never gets to see the token.

    Raises:
        LabelStudioUnreachable: it runs and does not answer there.
    """
    try:
        if not is_up(home):
            return None
        if not _is_ready(home):
            raise LabelStudioUnreachable(
                f"the Label Studio of `recheck labelstudio up` does not answer at {_url(home)}",
                fix="`recheck labelstudio up` waits where it is starting; else run "
                "`recheck labelstudio down`, then `recheck labelstudio up`, "
                "or name another by LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY",
            )
        return _server(home)
    except PermissionError:  # somebody else's
        return None


def is_up(home: Home) -> bool:
    """Whether a process holds this home's lock (it may not answer yet)."""
    path = _path(home, "lock")
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def free_port(preferred: int = 0) -> int:
    """A port that nobody listens on now; the preferred one where it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, preferred))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def _make_template(home: Home) -> None:
    part = Home(home.environment, home.template, home.template.with_name("template.part"))
    down(part)  # of an attempt that was interrupted
    for folder in (part.data, home.template):
        shutil.rmtree(folder, ignore_errors=True)
    account = {"user": USER, "password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
    (part.data / "files").mkdir(parents=True)
    _write(part.data / "account.json", account | {"version": version()})
    first = ["--username", USER, "--password", account["password"]]
    try:
        _start(part, [*first, "--user-token", account["token"]], FIRST_START)
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


def _start(home: Home, options: Sequence[str], patience: float) -> None:
    """Launch the server and wait until it answers."""
    port = free_port(_last_port(home))
    _path(home, "port").write_text(str(port))
    command = [str(home.python), "-m", "label_studio.server", "start", "--no-browser"]
    command += ["--internal-host", HOST, "--port", str(port), *options]
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | _QUIET
    environment["LABEL_STUDIO_BASE_DATA_DIR"] = str(home.data / "files")
    with _path(home, "lock").open("w") as lock, _path(home, "log").open("w") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `is_up` holds it for an instant
        subprocess.run(
            ["/bin/sh", "-c", _DETACH, "sh", "-c", _LAUNCH, str(_path(home, "pid")), *command],
            env=environment,
            cwd=home.data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            check=True,
        )
    _wait(home, patience)


def _wait(home: Home, patience: float) -> None:
    """Until the server answers on its own port."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not is_up(home):
            raise _failed(home, "ended while starting")
        if _is_ready(home):
            return
        time.sleep(0.2)
    raise _failed(home, f"did not answer within {patience:.0f} seconds")


def _is_ready(home: Home) -> bool:
    """Whether it is our server that answers.

    When its port was taken meanwhile, Label Studio moves to another one
    without a word to us; its log then lacks the line that we look for.
    """
    address = f"{_url(home)}/"
    return address in _path(home, "log").read_text(errors="replace") and _answers(address)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(f"{url}health", timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


def _failed(home: Home, what: str) -> LabelStudioUnreachable:
    log = _path(home, "log")
    last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["(empty log)"]
    return LabelStudioUnreachable(
        f"Label Studio {what}: {last[0][:200]}",
        fix=f"read {log}, run `recheck labelstudio down`, then `recheck labelstudio up`",
    )


def _signal(process: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
        os.kill(process, number)


def _await_end(home: Home) -> None:
    deadline = time.monotonic() + GRACE
    while is_up(home) and time.monotonic() < deadline:
        time.sleep(0.05)


def _server(home: Home) -> Server:
    account = json.loads((home.data / "account.json").read_text())
    return Server(_url(home), account["user"], account["password"], account["token"])


def _url(home: Home) -> str:
    return f"http://{HOST}:{_last_port(home)}"


def _last_port(home: Home) -> int:
    try:
        return int(_path(home, "port").read_text())
    except (OSError, ValueError):
        return 0


def _path(home: Home, what: str) -> Path:
    return home.data / f"server.{what}"


def _alone(home: Home) -> FileLock:
    """One `up` or `down` at a time."""
    return FileLock(home.data / "changing.lock")


def _write(path: Path, content: dict[str, str]) -> None:
    """For the owner's eyes only: it holds a password."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
