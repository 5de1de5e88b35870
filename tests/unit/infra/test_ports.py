"""What every adapter of the port of locks does: the folder's, and the fake of the tests."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from infra.clouds.folder import FolderLocks
from infra.ports import Locks
from pipelines.errors import ConcurrentRun
from tests.fixtures.memory_files import MemoryLocks


@pytest.fixture(params=["folder", "memory"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    return FolderLocks(tmp_path / "locks") if request.param == "folder" else MemoryLocks()


def test_a_name_is_held_by_one(locks: Locks) -> None:
    refused: list[ConcurrentRun] = []

    def other() -> None:
        try:
            with locks.hold("push a/b", wait=0.05):
                pass
        except ConcurrentRun as error:
            refused.append(error)

    with locks.hold("push a/b", wait=1):
        thread = Thread(target=other)
        thread.start()
        thread.join()

    assert [error.problem for error in refused] == ["another run of push a/b is at work"]


def test_other_names_are_free(locks: Locks) -> None:
    with locks.hold("push", wait=1), locks.hold("pull", wait=0.05):
        pass


def test_a_name_is_free_again_however_the_work_ended(locks: Locks) -> None:
    with pytest.raises(ZeroDivisionError), locks.hold("push", wait=1):
        raise ZeroDivisionError

    with locks.hold("push", wait=0.05):
        pass
