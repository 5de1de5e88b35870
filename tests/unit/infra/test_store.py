"""The store: its tables, notes and locks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.store import Store, open_store
from pipelines.errors import ConcurrentRun, SettingsInvalid, StoreUnavailable
from pipelines.tables.schemas import PREDICTIONS, TABLES
from tests.fixtures.world import environment

HOLD = """
import sys, time
from infra.store import open_store
with open_store(sys.argv[1]).lock("push", wait=5):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is, as the user sees it."""
    return tmp_path / "store"


def test_looking_makes_nothing(store: Store, folder: Path) -> None:
    for name in TABLES:
        store.table(name).read()
    assert store.noted("cursor") is None

    assert not folder.exists()


def test_a_table_is_opened_once(store: Store) -> None:
    assert store.table("predictions") is store.table("predictions")
    assert store.table("predictions").schema == PREDICTIONS


def test_a_note_is_kept_for_the_next_run(store: Store, folder: Path) -> None:
    store.note("cursor", "one")
    store.note("cursor", "zwei, ü")

    assert open_store(str(folder)).noted("cursor") == "zwei, ü"
    assert [path.name for path in (folder / "notes").iterdir()] == ["cursor"]


def test_a_note_where_a_file_is_in_the_way_is_told(store: Store, folder: Path) -> None:
    folder.write_text("in the way")

    with pytest.raises(StoreUnavailable):
        store.note("cursor", "x")
    with pytest.raises(StoreUnavailable):
        store.noted("cursor")


def test_a_name_is_held_against_other_processes_and_free_when_they_die(
    store: Store, folder: Path
) -> None:
    """However they die: no lock of a killed run has to be taken away by hand."""
    words = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment()) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        with pytest.raises(ConcurrentRun, match="another run of push") as told:
            store.lock("push", wait=0.05).__enter__()
        holder.kill()
        holder.wait()

    assert told.value.retryable
    with store.lock("push", wait=5):
        pass


def test_other_names_are_free(store: Store, folder: Path) -> None:
    """Also one that reads like a path."""
    with store.lock("push", wait=1), store.lock("../push", wait=1):
        assert {path.name for path in (folder / "locks").iterdir()} == {
            "push.lock",
            "..%2Fpush.lock",
        }


def test_an_error_within_frees_the_name(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.lock("push", wait=1):
        raise ZeroDivisionError

    with store.lock("push", wait=0.1):
        pass


def test_a_lock_that_cannot_be_made_is_told(store: Store, folder: Path) -> None:
    folder.write_text("in the way")

    with pytest.raises(StoreUnavailable), store.lock("push", wait=1):
        pass


def test_a_store_is_a_folder_or_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert open_store("here/store").files.address == str(tmp_path / "here" / "store")
    assert open_store("file:///there/store").files.address == str(Path("/there/store"))
    assert open_store("file:///my%20data/store").files.address == str(Path("/my data/store"))
    assert open_store("~/store").files.address == str(tmp_path / "home" / "store")


@pytest.mark.parametrize("place", ["s3://bucket/store", "https://host/store", "file://host/store"])
def test_a_store_elsewhere_is_refused_with_a_way_out(place: str) -> None:
    with pytest.raises(SettingsInvalid, match="only folders") as told:
        open_store(place)

    assert "RECHECK_STORE" in told.value.fix
