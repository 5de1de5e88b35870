"""`remove`: what is removed is gone from tables, files and Label Studio, and nothing counts it as lost."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.fixtures import crashes
from tests.fixtures.asked_world import ask_and_answer, connected, watched
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import DAYS, World

FIRST, SECOND = DAYS[:2]
BY_BATCH = ("predictions", "quarantine", "populations", "designs", "samples", "questions")
TABLES = (*BY_BATCH, "annotations", "estimates", "looks", "alerts")
DRAWN = "select batch, prediction_id, label, stratum, inclusion_probability, shown, draw_no from samples order by all"


@pytest.fixture(scope="module")
def asked(scored: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, FakeLabelStudio]:
    """Two batches, drawn from, asked about, answered and judged."""
    world, fake = scored.copy(tmp_path_factory.mktemp("asked")), FakeLabelStudio()
    watched(world)
    with connected(fake):
        ask_and_answer(world, fake)
    return world, fake


@pytest.fixture
def fake(asked: tuple[World, FakeLabelStudio]) -> Iterator[FakeLabelStudio]:
    own = copy.deepcopy(asked[1])
    with connected(own):
        yield own


@pytest.fixture
def world(asked: tuple[World, FakeLabelStudio], fake: FakeLabelStudio, tmp_path: Path) -> World:
    del fake  # which every command finds
    return asked[0].copy(tmp_path)


def counts(world: World) -> dict[str, int]:
    return {name: len(world.rows(f"from {name}")) for name in TABLES}


def samples_of(world: World, batch: str) -> list[dict[str, Any]]:
    return [row for row in world.rows("from samples order by all") if row["batch"] == batch]


def files_of(world: World, batch: str) -> list[Path]:
    return [p for p in world.store.rglob(f"batch={batch}/*") if p.is_file()]


def test_a_batch_is_gone_and_the_other_stays(world: World, fake: FakeLabelStudio) -> None:
    before = counts(world)
    others = samples_of(world, SECOND)
    tasks = len(fake.board)

    told = world.ok("remove", "--batch", FIRST, "--yes")

    after = counts(world)
    assert {name: before[name] - after[name] for name in TABLES} == {
        name: told["removed"][name] for name in TABLES
    }
    assert {name for name in TABLES if not told["removed"][name]} <= {"quarantine", "alerts"}
    for name in BY_BATCH:
        assert {row["batch"] for row in world.rows(f"from {name}")} == {SECOND}
    assert samples_of(world, SECOND) == others
    assert len(fake.board) == tasks - told["removed"]["questions"]
    assert files_of(world, FIRST) == []
    assert world.broken_promises() == []


def test_no_file_holds_what_was_removed(world: World) -> None:
    """Nor one that was replaced before, or joined."""
    ids = [str(row["prediction_id"]).encode() for row in samples_of(world, FIRST)]

    world.ok("remove", "--batch", FIRST, "--yes")

    holders = [
        path
        for path in world.store.rglob("*.parquet")
        if "_delta_log" not in path.parts and any(one in path.read_bytes() for one in ids)
    ]
    assert holders == []


def test_the_whole_job_is_gone_and_packages_stay(world: World, fake: FakeLabelStudio) -> None:
    packages = sorted(path for path in world.store.glob("models/**/*"))

    told = world.ok("remove", "--yes")

    assert set(counts(world).values()) == {0}
    assert fake.boards == {}
    assert sorted(path for path in world.store.glob("models/**/*")) == packages
    assert any("packages" in one for one in told["kept"])
    assert world.broken_promises() == []


@pytest.mark.parametrize("options", [(), ("--batch", FIRST)], ids=["job", "batch"])
def test_what_was_removed_comes_as_if_new(
    world: World, fake: FakeLabelStudio, options: tuple[str, ...]
) -> None:
    """The same ids, the same rows, the first draw; and it can be removed again."""
    before, drawn = counts(world), world.rows(DRAWN)
    for _ in range(2):
        world.ok("remove", *options, "--yes")

        world.ok("score")
        ask_and_answer(world, fake)

        assert world.rows(DRAWN) == drawn
        assert {n: counts(world)[n] for n in BY_BATCH} == {n: before[n] for n in BY_BATCH}
        assert world.broken_promises() == []


def test_a_removed_batch_that_was_replaced_before_is_no_loss(world: World) -> None:
    """Its numbers of publication and draw begin anew, below those that `runs` has."""
    world.ok("score", "--replace")
    world.ok("sample", "--batch", FIRST, "--redraw", "again")
    world.ok("sample", "--batch", FIRST, "--redraw", "and again")
    world.ok("remove", "--batch", FIRST, "--yes")
    assert world.broken_promises() == []

    world.ok("score")
    world.ok("sample", "--batch", FIRST, "--budget", "12")

    assert world.broken_promises() == []


def test_rows_that_somebody_takes_away_after_a_removal_are_found(world: World) -> None:
    world.ok("remove", "--batch", FIRST, "--yes")
    DeltaTable(world.store / "annotations").delete()

    assert [one["id"] for one in world.broken_promises()][:1] == ["P5"]


def test_a_dry_run_removes_nothing(world: World, fake: FakeLabelStudio) -> None:
    before = sorted(world.store.rglob("*"))
    tasks = copy.deepcopy(fake.board)

    told = world.ok("remove", "--dry-run")

    assert told["removed"] == counts(world)
    assert (sorted(world.store.rglob("*")), fake.board) == (before, tasks)


def test_nothing_is_removed_where_nobody_can_be_asked(world: World) -> None:
    told = world.refused("remove")

    assert (told.code, told.error["code"]) == (2, "usage")
    assert "--yes" in told.error["problem"]
    assert counts(world)["predictions"]


def test_a_batch_that_never_was_is_refused(world: World) -> None:
    assert (
        world.refused("remove", "--batch", "2020-01-01", "--yes").error["code"] == "batch_unknown"
    )


def test_removing_again_removes_nothing(world: World) -> None:
    world.ok("remove", "--batch", FIRST, "--yes")

    told = world.ok("remove", "--batch", FIRST, "--yes")

    assert set(told["removed"].values()) == {0}


def test_a_removal_that_is_killed_anywhere_goes_on(scored: World, tmp_path: Path) -> None:
    """Without Label Studio, which a killed process could not share with this one."""
    world = scored.copy(tmp_path / "start")
    rows = world.drawn_under_an_alert()
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    (world.folder / "answers.csv").write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    world.ok("pull", "--file", world.folder / "answers.csv")
    world.ok("estimate")
    words = ("remove", "--batch", FIRST, "--yes")
    clean = world.copy(tmp_path / "clean")
    _, steps = crashes.run(clean.words(*words))

    for number, _ in enumerate(steps, 1):
        killed = world.copy(tmp_path / str(number))
        crashes.killed(killed.words(*words), number)
        again, _ = crashes.run(killed.words(*words))
        assert again.code == 0, again
        assert counts(killed) == counts(clean)
        assert files_of(killed, FIRST) == []
        assert killed.broken_promises() == [], number
