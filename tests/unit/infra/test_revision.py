"""Whose code made a package: a release, or a commit of our own checkout and of no other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from infra.revision import revision
from pipelines.models.manifest import installed

RELEASE = installed(["recheck-loop"])["recheck-loop"]
OURS = '[project]\nname = "recheck-loop"\n'


def repository(folder: Path, project: str) -> str:
    """A checkout with one commit; return the commit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(project)
    me = ["-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "commit.gpgsign=false"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for words in (["init", "-q"], ["add", "."], [*me, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=folder, check=True, env=own)
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=folder,
        check=True,
        env=own,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_a_checkout_of_ours_is_told_with_its_commit(tmp_path: Path) -> None:
    commit = repository(tmp_path, OURS)

    assert revision(tmp_path) == f"{RELEASE}+{commit}"


def test_an_environment_in_a_users_repository_is_a_release(tmp_path: Path) -> None:
    """The commit there is theirs."""
    repository(tmp_path, '[project]\nname = "theirs"\n')
    packages = tmp_path / ".venv" / "lib" / "site-packages"
    packages.mkdir(parents=True)

    assert revision(packages) == RELEASE


def test_our_files_copied_into_a_users_repository_are_a_release(tmp_path: Path) -> None:
    repository(tmp_path, '[project]\nname = "theirs"\n')
    copy = tmp_path / "vendor"
    copy.mkdir()
    (copy / "pyproject.toml").write_text(OURS)

    assert revision(copy) == RELEASE


def test_a_variable_of_git_does_not_lead_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a hook of the user's repository."""
    repository(tmp_path / "theirs", '[project]\nname = "theirs"\n')
    commit = repository(tmp_path / "ours", OURS)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs" / ".git"))

    assert revision(tmp_path / "ours") == f"{RELEASE}+{commit}"


def test_without_git_it_is_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, OURS)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    assert revision(tmp_path) == RELEASE
