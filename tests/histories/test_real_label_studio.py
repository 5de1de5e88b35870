"""The same with a real Label Studio, whose server keeps what it was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.people import People
from tests.histories.ground import JOB
from tests.histories.history import live, new, told
from tests.histories.settling import settle

MOVES = (5, 8)


@pytest.mark.parametrize("seed", ["real/0", "real/1"])
def test_no_history_breaks_a_promise(seed: str, people: People, tmp_path: Path) -> None:
    history = new(tmp_path / "history", seed, "files")
    history.console.people = people

    live(history, MOVES)
    settle(history)

    assert told(history)["violations"] == []
    for project in people.client.projects():  # the next history has the same job
        if str(project["title"]).startswith((f"{JOB}: ", f"{JOB} ")):
            people.client.delete_project(project["id"])
