"""What a store of an older release needs: settings of its own, and the key that signed its package."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def settings(own_settings: None) -> None:
    """Nothing of the machine's own enters; a key to sign with is made in the test's own folder."""
