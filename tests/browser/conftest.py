"""A person in a real browser, who is logged in to a real Label Studio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from labeling.labelstudio.local.server import Server
from tests.fixtures.label_page import LabelPage, new_context


@pytest.fixture(scope="module")
def logged_in(browser: Browser, running: Server) -> Any:
    """What a browser keeps of a person who logged in."""
    with new_context(browser) as context:
        LabelPage(context.new_page(), running).log_in()
        return context.storage_state()


@pytest.fixture
def label_page(browser: Browser, logged_in: Any, running: Server) -> Iterator[LabelPage]:
    """The page of that person; it asks no other host for anything, and nothing on it breaks."""
    with new_context(browser, logged_in) as context:
        person = LabelPage(context.new_page(), running)
        yield person
        assert person.hosts == {urlsplit(running.url).netloc}
        assert person.broken == []
