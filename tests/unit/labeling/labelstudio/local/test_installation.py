"""Label Studio's environment is made once, whole, and a failure says where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeling.labelstudio.local import installation
from labeling.labelstudio.local.installation import Home, install, is_installed
from pipelines.errors import LabelStudioUnreachable


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "environment", tmp_path / "template", tmp_path / "data")


def steps(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> None:
    """Install by shell scripts instead."""
    commands = [["/bin/sh", "-c", script] for script in scripts]
    monkeypatch.setattr(installation, "_steps", lambda _home: commands)


def test_is_made_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    steps(monkeypatch, f"mkdir {home.environment}")

    for _ in range(2):
        install(home, said.append)

    assert is_installed(home)
    assert len(said) == 2


def test_an_interrupted_installation_is_begun_anew(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(monkeypatch, f"mkdir -p {home.environment}", "echo no network; false")
    with pytest.raises(LabelStudioUnreachable, match="no network") as failed:
        install(home, lambda _line: None)
    assert not is_installed(home)
    assert "install.log" in failed.value.fix

    steps(monkeypatch, f"test -d {home.environment}")
    install(home, lambda _line: None)

    assert is_installed(home)


def test_another_lock_is_another_installation(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps(monkeypatch, f"mkdir -p {home.environment}")
    install(home, lambda _line: None)
    newer = tmp_path / "server.lock"
    newer.write_text("label-studio==9.9.9 \\\n")
    monkeypatch.setattr(installation, "LOCK", newer)

    assert not is_installed(home)
    assert installation.version() == "9.9.9"


def test_an_installation_without_end_is_ended(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    steps(monkeypatch, "sleep 9")
    monkeypatch.setattr(installation, "LONGEST_INSTALL", 0.1)

    with pytest.raises(LabelStudioUnreachable, match="no end after"):
        install(home, lambda _line: None)


def test_every_package_is_pinned_by_hash() -> None:
    """And the lock names no address to load from."""
    lines = installation.LOCK.read_text().splitlines()
    packages = [place for place, line in enumerate(lines) if line[:1].isalnum()]

    assert all("==" in lines[place] and "--hash=sha256:" in lines[place + 1] for place in packages)
    assert not any(
        line.lstrip().startswith(("-i", "--index", "--extra", "--find")) for line in lines
    )
