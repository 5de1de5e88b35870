"""What a loop needs: a key of its own to sign with, and no Label Studio but the one it names."""

from __future__ import annotations

from pathlib import Path

import pytest


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
