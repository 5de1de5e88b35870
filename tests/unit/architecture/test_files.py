"""What a tracked file may hold."""

from __future__ import annotations

import re

from tests.fixtures.repository import PACKAGES, texts

MACHINE_PATH = re.compile(r"(?<![\w.])/(root|work|farm)/\w")  # the roots of build machines
REGISTRY = re.compile(r"https?://\S*(/simple|/packages/|registry|/maven)")


def test_the_product_knows_no_demo() -> None:
    """What only a demo needs stands with its example."""
    named = {
        name
        for name, text in texts().items()
        if name.startswith(PACKAGES) and "demo" in text.lower()
    }

    assert named == set()


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert [name for name, text in texts().items() if MACHINE_PATH.search(text)] == []


def test_no_file_names_where_packages_come_from() -> None:
    """An address of a package index belongs to the machine, never to the repository."""
    assert [name for name, text in texts().items() if REGISTRY.search(text)] == []
