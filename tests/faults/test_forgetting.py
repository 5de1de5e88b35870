"""`forget`: nothing of a row is left in the store or in Label Studio, and every figure stands bit for bit."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.erasure.erasures import Erasures, erasures
from functions.steps import score
from pipelines.errors import ConcurrentRun
from pipelines.tables.snapshot import Tables
from tests.fixtures import crashes
from tests.fixtures.asked_world import ask_and_answer, connected, watched
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import World, small, with_column

KILLS = 8  # of more steps, that a test has time for
Asked = tuple[World, FakeLabelStudio]


def people() -> pa.Table:
    """Rows with a key and a text that stand nowhere else."""
    table = small()
    keys = [f"person-{key}-key" for key in table["loan"].to_pylist()]
    remarks = pa.array([f"remark of {key}" for key in keys])
    return with_column(table, "loan", keys).append_column("remark", remarks)


@pytest.fixture(scope="module")
def asked(base: World, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Two batches of people, drawn from, asked about, answered and judged; one file was joined from many."""
    world, fake = base.copy(tmp_path_factory.mktemp("asked")), FakeLabelStudio()
    watched(world)
    world.edit(r"show = \[", 'show = ["remark", ')
    world.write(people(), row_group_size=31)
    world.ok("score")
    with connected(fake):
        ask_and_answer(world, fake)
        for budget in range(13, 21):  # enough small files to be joined, with statistics in the log
            world.ok("sample", "--budget", budget)
        ask_and_answer(world, fake, budget=20)
    world.ok("report")
    assert world.broken_promises() == []
    return world, fake


@pytest.fixture
def fake(asked: Asked) -> Iterator[FakeLabelStudio]:
    own = copy.deepcopy(asked[1])
    with connected(own):
        yield own


@pytest.fixture
def world(asked: Asked, fake: FakeLabelStudio, tmp_path: Path) -> World:
    del fake  # which every command finds
    return asked[0].copy(tmp_path)


def drawn_key(world: World) -> str:
    """The key of a row that was asked about."""
    return str(world.rows("select key from samples order by rank desc, key limit 1")[0]["key"])


def other_key(world: World) -> str:
    """The key of a row that nobody was asked about."""
    sql = "select key from predictions where key not in (select key from samples) order by key"
    return str(world.rows(sql)[0]["key"])


def holders(world: World, words: str) -> list[str]:
    """The files of the store that hold some words, as they lie there or inside Parquet."""
    wanted = words.encode()
    return [
        str(path.relative_to(world.store))
        for path in sorted(world.store.rglob("*"))
        if path.is_file() and (wanted in path.read_bytes() or _holds(path, words))
    ]


def _holds(path: Path, words: str) -> bool:
    if path.suffix != ".parquet":
        return False
    with pq.ParquetFile(path) as parquet:
        return any(words in str(row) for row in parquet.read().to_pylist())


def figures(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.ok("estimate")["estimates"]
    return found


@pytest.mark.parametrize("find", [drawn_key, other_key])
def test_nothing_of_the_row_is_left(world: World, fake: FakeLabelStudio, find: Any) -> None:
    key = find(world)
    ids = [
        row["prediction_id"]
        for row in world.rows("select prediction_id, key from predictions")
        if row["key"] == key
    ]
    before, tasks = figures(world), len(fake.board)
    assert holders(world, key)

    told = world.ok("forget", "--key", key, "--yes")

    assert told["removed"]["predictions"] == len(ids) == 1
    world.ok("report")
    for words in (key, f"remark of {key}", *ids):
        assert holders(world, words) == []
        assert words not in str(fake.board)
    assert len(fake.board) == tasks - told["removed"]["questions"]
    assert figures(world) == before
    assert world.broken_promises() == []


def test_what_is_left_is_named(world: World) -> None:
    key = drawn_key(world)
    page = world.store / "reports" / "job.html"
    page.write_text(page.read_text("utf-8") + key, "utf-8")  # as a list of wrong rows has it

    kept = world.ok("forget", "--key", key, "--yes")["kept"]

    assert any("loans.parquet" in one and "still holds the row" in one for one in kept)
    assert any(one.startswith("models/") and "fit again" in one for one in kept)
    assert any("job.html" in one for one in kept)


def test_figures_stand_after_every_later_step(world: World, fake: FakeLabelStudio) -> None:
    """People are not asked about the row again, and its answers are not taken back."""
    key = drawn_key(world)
    before = figures(world)
    world.ok("forget", "--key", key, "--yes")
    tasks = len(fake.board)

    for verb in (["sample", "--budget", 20], ["push"], ["pull", "--full"], ["run"], ["errors"]):
        world.ok(str(verb[0]), *verb[1:])

    assert len(fake.board) == tasks
    assert figures(world) == before
    assert world.broken_promises() == []


def test_a_row_that_the_input_still_holds_does_not_come_back(world: World) -> None:
    key = drawn_key(world)
    world.ok("forget", "--key", key, "--yes")

    told = world.run("score", "--replace", as_json=False)

    world.ok("report")
    assert told.code == 0, told
    assert "forgotten are still in the input, in loans.parquet" in told.err
    assert holders(world, key) == []
    assert {row["key"] for row in world.rows("from quarantine where reason = 'forgotten'")} == {
        None
    }
    world.ok("sample", "--budget", 20)
    assert world.broken_promises() == []


def test_scoring_without_the_row_leaves_figures(world: World) -> None:
    key = drawn_key(world)
    world.ok("forget", "--key", key, "--yes")
    table = people()
    world.write(table.filter([one != key for one in table["loan"].to_pylist()]), row_group_size=31)

    world.ok("score", "--replace")
    world.ok("sample", "--budget", 20)
    world.ok("report")

    batches = [one for one in figures(world) if one["period"] == "batch" and not one["cohort"]]
    assert all(one["value"] is not None for one in batches if one["metric"] == "accuracy")
    assert holders(world, key) == []
    assert world.broken_promises() == []


def test_more_can_be_asked_after_a_row_was_forgotten(world: World, fake: FakeLabelStudio) -> None:
    for find in (drawn_key, other_key):
        world.ok("forget", "--key", find(world), "--yes")

    ask_and_answer(world, fake, budget=24)

    assert world.broken_promises() == []


def test_a_key_that_no_table_has_is_refused(world: World) -> None:
    told = world.refused("forget", "--key", "nobody", "--yes")

    assert (told.code, told.error["code"]) == (28, "row_unknown")
    assert f"`recheck query --job {world.job} " in told.error["fix"]


def test_a_dry_run_changes_nothing(world: World, fake: FakeLabelStudio) -> None:
    before, tasks = sorted(world.store.rglob("*")), copy.deepcopy(fake.board)

    told = world.ok("forget", "--key", drawn_key(world), "--dry-run")

    assert told["removed"]["samples"]
    assert (sorted(world.store.rglob("*")), fake.board) == (before, tasks)


def test_a_row_in_quarantine_is_forgotten(world: World) -> None:
    [key] = [row["key"] for row in world.rows("from quarantine") if row["reason"] == "infinite"]

    world.ok("forget", "--key", key, "--yes")

    assert holders(world, key) == []
    assert world.broken_promises() == []


def test_a_forgetting_that_is_killed_goes_on(base: World, tmp_path: Path) -> None:
    """Without Label Studio, which a killed process could not share with this one."""
    world = base.copy(tmp_path / "start")
    world.write(people(), row_group_size=31)
    rows = world.drawn_under_an_alert()
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    (world.folder / "answers.csv").write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    world.ok("pull", "--file", world.folder / "answers.csv")
    key, before = drawn_key(world), figures(world)
    words = ("forget", "--key", key, "--yes")
    _, steps = crashes.run(world.copy(tmp_path / "clean").words(*words))

    for number in range(1, len(steps) + 1, max(1, len(steps) // KILLS)):
        killed = world.copy(tmp_path / str(number))
        crashes.killed(killed.words(*words), number)
        again, _ = crashes.run(killed.words(*words))
        done = again.code == 0 or again.error["code"] == "row_unknown"
        assert done, (number, again)
        assert holders(killed, key) == [], number
        assert figures(killed) == before, number
        assert killed.broken_promises() == [], number


def test_a_batch_that_is_scored_again_breaks_no_promise_before_the_next_draw(world: World) -> None:
    world.ok("forget", "--key", other_key(world), "--yes")

    world.ok("score", "--replace")

    assert world.broken_promises() == []


def test_a_scoring_that_began_before_does_not_bring_the_row_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, count = other_key(world), "select count(*) as n from predictions"
    forget, rows = erasures, world.rows(count)

    def late(tables: Tables) -> Erasures:
        """What scoring asks before it reads any row; the row is forgotten right after."""
        monkeypatch.undo()
        before = forget(tables)
        world.ok("forget", "--key", key, "--yes")
        return before

    monkeypatch.setattr(score, "erasures", late)
    told = world.run("score", "--replace")

    assert told.code == ConcurrentRun.exit_code
    assert world.rows(count) == rows
    assert key not in [row["key"] for row in world.rows("select key from predictions")]
    assert world.broken_promises() == []
