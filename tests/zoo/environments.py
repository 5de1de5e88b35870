"""Machines as strangers have them: what is missing, closed or in the way there."""

from __future__ import annotations

import functools
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NOBODY = 54_321  # a user without an entry anywhere
Change = Callable[[Path], "Machine"]


@dataclass(frozen=True)
class Machine:
    """How a command is started there."""

    variables: Mapping[str, str | None] = field(default_factory=dict)  # None: not set
    prefix: Sequence[str] = ()
    before: Callable[[], None] | None = None  # in the new process
    folder: str = "/"

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command line."""
        changed = {**os.environ, **self.variables}
        return subprocess.run(
            [*self.prefix, *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=self.folder,
            env={name: value for name, value in changed.items() if value is not None},
            preexec_fn=self.before,
        )


@functools.cache
def as_nobody() -> tuple[str, ...]:
    """Return what starts a command as a user without rights or a name.

    Raises:
        RuntimeError: this machine lets nobody become another user.
    """
    ways = [
        ("unshare", "--user", f"--map-user={NOBODY}"),
        ("setpriv", f"--reuid={NOBODY}", "--clear-groups"),
    ]
    for way in ways:
        if subprocess.run([*way, sys.executable, "-c", ""], check=False).returncode == 0:
            return way
    raise RuntimeError("neither unshare nor setpriv lets a test run as another user")


def nobody(**variables: str | None) -> Machine:
    """Run as a user without rights over what is closed."""
    return Machine(variables, as_nobody())


HOMELESS = dict.fromkeys(
    ["HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "RECHECK_LABELSTUDIO_DIR"], None
)
AWAY = {"LABEL_STUDIO_URL": "http://127.0.0.1:9", "LABEL_STUDIO_API_KEY": "x"}


def closed(path: Path, mode: int = 0) -> Path:
    """Take the rights over a file or folder away."""
    path.chmod(mode)
    return path


def closing(name: str, mode: int = 0) -> Change:
    """Close a part of the world to everybody."""

    def change(folder: Path) -> Machine:
        closed(folder / name, mode)
        return nobody()

    return change


def home_that_is_closed(folder: Path) -> Machine:
    """Give the user the home of another."""
    home = folder / "home"
    home.mkdir()
    return nobody(**HOMELESS | {"HOME": str(closed(home))})


def labelstudio_of_another(folder: Path) -> Machine:
    """Let the local Label Studio be that of another user."""
    place = folder / "theirs"
    place.mkdir()
    return nobody(RECHECK_LABELSTUDIO_DIR=str(closed(place)))


def folder_that_is_gone(folder: Path) -> Machine:
    """Start in a folder that was deleted."""

    def leave() -> None:
        place = folder / "gone"
        place.mkdir()
        os.chdir(place)
        place.rmdir()

    return Machine(before=leave)


def with_variables(**variables: str | None) -> Change:
    """Set variables of the environment; `{}` in a value is the folder."""
    return lambda folder: Machine(
        {name: value and value.replace("{}", str(folder)) for name, value in variables.items()}
    )


def with_limit(what: int, most: int) -> Change:
    """Limit a resource."""
    return lambda _: Machine(before=lambda: resource.setrlimit(what, (most, most)))


def with_settings(content: bytes) -> Change:
    """Write a file of settings."""

    def change(folder: Path) -> Machine:
        path = folder / "settings.toml"
        path.write_bytes(content)
        return Machine({"RECHECK_SETTINGS": str(path)})

    return change


def with_job(encoding: str, letter: str = "") -> Change:
    """Write the job file in another encoding."""

    def change(folder: Path) -> Machine:
        path = folder / "job" / "recheck.toml"
        path.write_bytes(
            path.read_text("utf-8").replace("right", letter or "right").encode(encoding)
        )
        return Machine()

    return change


def without_job(put: Callable[[Path], object]) -> Change:
    """Put something else where the job file was."""

    def change(folder: Path) -> Machine:
        path = folder / "job" / "recheck.toml"
        path.unlink()
        put(path)
        return Machine()

    return change


def with_key(content: str | None) -> Change:
    """Name a signing key that is none."""

    def change(folder: Path) -> Machine:
        path = folder / "key.pem"
        if content is not None:
            path.write_text(content)
            path.chmod(0o600)
        return Machine({"RECHECK_SIGNING_KEY": str(path), "RECHECK_TRUSTED_KEYS": str(path)})

    return change


ENVIRONMENTS: dict[str, Change] = {
    "no home and no name": lambda _: nobody(**HOMELESS),
    "a home that is closed": home_that_is_closed,
    "a home that is a file": with_variables(**HOMELESS | {"HOME": "{}/rows.csv"}),
    "a home that is empty text": with_variables(**HOMELESS | {"HOME": ""}),
    "data that may not be read": closing("rows.csv"),
    "a job file that may not be read": closing("job/recheck.toml"),
    "a store that is closed": closing("job/store"),
    "a store that may not be written": closing("job/store", 0o555),
    "the Label Studio of another user": labelstudio_of_another,
    "a folder that is gone": folder_that_is_gone,
    "no standard input": lambda _: Machine(before=lambda: os.close(0)),
    "an old encoding": with_variables(LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="latin-1"),
    "no folder for temporary files": with_variables(TMPDIR="/nowhere"),
    "an unknown timezone": with_variables(TZ="Mars/Olympus"),
    "no docstrings and no asserts": with_variables(PYTHONOPTIMIZE="2"),
    "few open files": with_limit(resource.RLIMIT_NOFILE, 24),
    "small files": with_limit(resource.RLIMIT_FSIZE, 2_000),
    "a store that is a file": with_variables(RECHECK_STORE="{}/rows.csv"),
    "a store of an unknown kind": with_variables(RECHECK_STORE="ftp://somewhere/store"),
    "settings that are not there": with_variables(RECHECK_SETTINGS="{}/none.toml"),
    "settings that are a folder": with_variables(RECHECK_SETTINGS="{}"),
    "settings in another encoding": with_settings("store = 'é'".encode("latin-1")),
    "settings of other types": with_settings(b"store = 3\nengine = []\n"),
    "a Label Studio with an odd address": with_variables(
        LABEL_STUDIO_URL="no address", LABEL_STUDIO_API_KEY="x\ny"
    ),
    "a Label Studio that is away": with_variables(**AWAY),
    "a Label Studio without a key": with_variables(LABEL_STUDIO_URL=AWAY["LABEL_STUDIO_URL"]),
    "an odd proxy": with_variables(**AWAY, http_proxy="::::", https_proxy="junk"),
    "a key that is not there": with_key(None),
    "a key that is none": with_key("hello"),
    "a job file in Latin-1": with_job("latin-1", "rüchtig"),
    "a job file with a byte order mark": with_job("utf-8-sig"),
    "a job file that is a folder": without_job(Path.mkdir),
    "a job file that links to itself": without_job(lambda path: path.symlink_to(path)),
    "a narrow terminal": with_variables(COLUMNS="1", TERM="dumb", NO_COLOR="1"),
}
