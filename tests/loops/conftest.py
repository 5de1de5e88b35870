"""What a loop needs: a key of its own to sign with, and no Label Studio but the one it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.server import Server
from tests.fixtures.people import People


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings counts."""
    for name in (
        "LABEL_STUDIO_URL",
        "LABEL_STUDIO_API_KEY",
        "RECHECK_STORE",
        "RECHECK_SIGNING_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "settings.toml"
    empty.touch()
    monkeypatch.setenv("RECHECK_SETTINGS", str(empty))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def people(running: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """A Label Studio that settings name, and the people there."""
    monkeypatch.setenv("LABEL_STUDIO_URL", running.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", running.token)
    with SdkClient(running.url, running.token) as client:
        yield People(client)
