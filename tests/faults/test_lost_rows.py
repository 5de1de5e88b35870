"""Rows that somebody took away by hand are found, in whatever table and whatever way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.fixtures.asked_world import ask_and_answer, connected, watched
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import World

TABLES = {
    "predictions": "P1",
    "quarantine": "P1",
    "populations": "P1",
    "runs": "P1",
    "designs": "P2",
    "samples": "P2",
    "annotations": "P5",
    "questions": "P5",
    "estimates": "P6",
    "looks": "P6",
    "alerts": "P6",
}


@pytest.fixture(scope="module")
def whole(scored: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A job with rows in every table."""
    world = scored.copy(tmp_path_factory.mktemp("whole"))
    watched(world)
    fake = FakeLabelStudio()
    with connected(fake):
        ask_and_answer(world, fake)
    assert world.broken_promises() == []
    return world


def gone(folder: Path) -> None:
    shutil.rmtree(folder)


def deleted(folder: Path) -> None:
    """As a tool of Delta Lake does it."""
    DeltaTable(folder).delete()


def a_file_less(folder: Path) -> None:
    min(folder.rglob("*.parquet")).unlink()


def truncated(folder: Path) -> None:
    path = min(path for path in folder.rglob("*.parquet") if "_delta_log" not in path.parts)
    path.write_bytes(path.read_bytes()[:40])


def made_anew(folder: Path) -> None:
    """Empty, with the columns that it had."""
    schema = DeltaTable(folder).schema()
    partitions = DeltaTable(folder).metadata().partition_columns
    shutil.rmtree(folder)
    DeltaTable.create(folder, schema, partition_by=partitions)


@pytest.mark.parametrize("harm", [gone, deleted, a_file_less, truncated, made_anew])
@pytest.mark.parametrize("table", TABLES)
def test_rows_that_were_taken_away_break_a_promise(
    table: str, harm: Callable[[Path], None], whole: World, tmp_path: Path
) -> None:
    world = whole.copy(tmp_path)

    harm(world.store / table)

    told = world.run("doctor")
    assert told.code == 1
    assert TABLES[table] in [one["id"] for one in told.answer["promises"] if one["ok"] is False]


def test_a_first_scoring_that_was_never_drawn_from_is_missed(scored: World, tmp_path: Path) -> None:
    """Nothing but `runs` tells of it."""
    world = scored.copy(tmp_path)
    shutil.rmtree(world.store / "predictions")

    assert "P1" in [one["id"] for one in world.broken_promises()]

    world.ok("score")
    assert world.broken_promises() == []


def test_a_scoring_that_was_killed_before_its_commit_is_not_missed(
    scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    log = sorted((world.store / "predictions" / "_delta_log").glob("*.json"))
    log[-1].unlink()  # as if its last commit had not been written

    assert world.broken_promises() == []
