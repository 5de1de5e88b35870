"""Label Studio's own Python environment: installed once, from a locked list.

It never shares ours: its 160 pinned packages disagree with what we need. The
lock (`server.lock`, beside this file) names each by version and SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pipelines.errors import LabelStudioUnreachable, SettingsInvalid

LOCK = Path(__file__).with_name("server.lock")
LONGEST_INSTALL = 3600  # seconds; a slow network, not a hang
MEGABYTES = 1000  # on disk, measured: shown before it is downloaded

Progress = Callable[[str], None]  # takes one line for people


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one local Label Studio.

    `environment` and `template` are made once and only read afterwards, so
    several homes (those of tests) can share them; `data` belongs to one server.
    """

    environment: Path
    template: Path
    data: Path

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.environment / "bin" / "python"


def default_home(environ: Mapping[str, str], prefix: str = sys.prefix) -> Home:
    """Return the home of `recheck labelstudio up`.

    It lies inside our own environment (`prefix`), so that removing that
    removes all; `RECHECK_LABELSTUDIO_DIR` moves it.

    >>> default_home({"RECHECK_LABELSTUDIO_DIR": "/opt/ls"}).data.as_posix()
    '/opt/ls/data'
    """
    moved = environ.get("RECHECK_LABELSTUDIO_DIR")
    try:
        root = Path(moved).expanduser().absolute() if moved else Path(prefix) / "labelstudio"
    except RuntimeError as error:
        raise SettingsInvalid(
            f"RECHECK_LABELSTUDIO_DIR is {moved!r}: {error}", fix="name a folder, or unset it"
        ) from error
    return Home(root / "environment", root / "template", root / "data")


def install(home: Home, say: Progress) -> None:
    """Make the environment, unless one is there that was made from this lock.

    An interrupted installation is begun anew: the stamp is written last.

    Raises:
        LabelStudioUnreachable: a package cannot be had or does not fit its
            hash; the fix says where the log lies.
    """
    home.environment.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home.environment}.lock"):
        if is_installed(home):
            return
        say(f"installing Label Studio into {home.environment} (once, about {MEGABYTES} MB)")
        log = home.environment.with_name("install.log")
        for command in _steps(home):
            _run(command, log)
        _stamp(home).write_text(_wanted())
        say("Label Studio is installed")


def is_installed(home: Home) -> bool:
    """Say whether the environment is complete and made from this very lock."""
    try:
        return _stamp(home).read_text() == _wanted()
    except OSError:
        return False


def version() -> str:
    """Return the version that the lock names.

    >>> version().count(".")
    2
    """
    lines = LOCK.read_text().splitlines()
    return next(
        line.split("==")[1].rstrip(" \\") for line in lines if line.startswith("label-studio==")
    )


def for_another_python(environ: Mapping[str, str]) -> dict[str, str]:
    """Return our environment variables without those of our own Python.

    >>> for_another_python({"PYTHONDONTWRITEBYTECODE": "1", "PIP_CERT": "x"})
    {'PIP_CERT': 'x'}
    """
    ours = ("PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in environ.items() if not name.startswith(ours)}


def _steps(home: Home) -> list[list[str]]:
    python = str(home.python)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    return [
        [sys.executable, "-m", "venv", "--clear", str(home.environment)],
        [*pip, "install", "--require-hashes", "--prefer-binary", "--no-compile", "-r", str(LOCK)],
        [python, "-m", "compileall", "-q", "-j", "2", str(home.environment / "lib")],
    ]


def _run(command: Sequence[str], log: Path) -> None:
    with log.open("w") as output:
        try:
            code = subprocess.run(
                command,
                env=for_another_python(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=LONGEST_INSTALL,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise _failed(log, f"no end after {LONGEST_INSTALL} seconds") from error
    if code and "compileall" not in command:  # it meets templates of code, which do not compile
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise _failed(log, " ".join(last) or "no output")


def _failed(log: Path, what: str) -> LabelStudioUnreachable:
    return LabelStudioUnreachable(
        f"Label Studio cannot be installed: {what}",
        fix=f"read {log}, check the network or the package index, and try again",
    )


def _stamp(home: Home) -> Path:
    return home.environment / "installed.json"


def _wanted() -> str:
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return json.dumps({"lock": digest, "python": list(sys.version_info[:2])})
