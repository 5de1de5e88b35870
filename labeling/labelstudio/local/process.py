"""The process of a local Label Studio: start, wait, end.

A server counts as running while it holds the lock of its folder. The lock is
inherited by the server's process and dies with it, so that neither a crash nor a
reboot, after which another process may have the same id, misleads `status` or `down`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from labeling.labelstudio.local.installation import Home
from pipelines.errors import LabelStudioUnreachable

HOST = "127.0.0.1"
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


def is_up(home: Home) -> bool:
    """Say whether a process holds this home's lock (it may not answer yet)."""
    path = path_of(home, "lock")
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def free_port(preferred: int = 0) -> int:
    """Return a port that nobody listens on now; the preferred one where it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, preferred))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def start(home: Home, account: Mapping[str, str], patience: float) -> None:
    """Launch the server and wait until it answers.

    Args:
        home: where it lives.
        account: variables that name the first account. They hold secrets, so they
            are no options of its command, which every user of the machine can list.
        patience: how many seconds it may take.

    Raises:
        LabelStudioUnreachable: it ends, or does not answer in time.
    """
    port = free_port(_last_port(home))
    path_of(home, "port").write_text(str(port))
    command = [str(home.python), "-m", "label_studio.server", "start", "--no-browser"]
    command += ["--internal-host", HOST, "--port", str(port)]
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {**_QUIET, **account}
    environment["LABEL_STUDIO_BASE_DATA_DIR"] = str(home.data / "files")
    with path_of(home, "lock").open("w") as lock, path_of(home, "log").open("w") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `is_up` holds it for an instant
        subprocess.run(
            ["/bin/sh", "-c", _DETACH, "sh", "-c", _LAUNCH, str(path_of(home, "pid")), *command],
            env=environment,
            cwd=home.data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            check=True,
        )
    wait(home, patience)


def wait(home: Home, patience: float) -> None:
    """Wait until the server answers on its port.

    Raises:
        LabelStudioUnreachable: it ends, or does not answer in so many seconds.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not is_up(home):
            raise _failed(home, "ended while starting")
        if is_ready(home):
            return
        time.sleep(0.2)
    raise _failed(home, f"did not answer within {patience:.0f} seconds")


def is_ready(home: Home) -> bool:
    """Say whether it is our server that answers.

    When its port was taken meanwhile, Label Studio moves to another one
    without a word to us; its log then lacks the line that we look for.
    """
    address = f"{url_of(home)}/"
    return address in path_of(home, "log").read_text(errors="replace") and _answers(address)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(f"{url}health", timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


def _failed(home: Home, what: str) -> LabelStudioUnreachable:
    log = path_of(home, "log")
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


def end(home: Home) -> bool:
    """End the process of this home and nothing else; say whether one ran."""
    ran = is_up(home)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if is_up(home):
            _signal(int(path_of(home, "pid").read_text()), number)
            _await_end(home)
    return ran


def url_of(home: Home) -> str:
    """Return the address of the server."""
    return f"http://{HOST}:{_last_port(home)}"


def _last_port(home: Home) -> int:
    try:
        return int(path_of(home, "port").read_text())
    except (OSError, ValueError):
        return 0


def path_of(home: Home, what: str) -> Path:
    """Return a file that the process keeps: its lock, its log, its port or its id."""
    return home.data / f"server.{what}"
