"""What a loop needs: a key of its own to sign with, and no Label Studio but the one it names."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def settings(own_settings: None) -> None:
    """Every loop has settings of its own."""
