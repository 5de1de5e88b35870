"""The revision of the running code: its release, and its commit where it runs from a checkout."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

from pipelines.models.manifest import installed

_NAME = "recheck-loop"  # of the distribution
_HERE = Path(__file__).resolve().parents[1]
_PATIENCE = 10  # seconds


def revision(root: Path = _HERE) -> str:
    """Return the version of the distribution, and `+` with the commit where it runs from a checkout.

    Args:
        root: the folder that holds our packages: of a checkout, or of what is installed.
    """
    version = installed([_NAME]).get(_NAME, "")
    commit = _commit(root) if _is_ours(root) else ""
    return f"{version}+{commit}" if commit else version


def _is_ours(root: Path) -> bool:
    """Tell whether a folder is a work tree of ours; an environment inside another work tree is not."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return project.get("name") == _NAME and (root / ".git").exists()


def _commit(root: Path) -> str:
    """Return the commit of the work tree whose top is this folder; empty where git gives none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--show-toplevel", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    top, commit = done.stdout.splitlines()
    return commit if Path(top).resolve() == root.resolve() else ""
