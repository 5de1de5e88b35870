"""What a hostile user, a killed process or a strange folder may do to a store, and what it may not."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.store import open_store
from pipelines.errors import SettingsInvalid
from tests.fixtures.world import World, edited, environment, small

LOOKS = ["select 1 as x", "describe runs", "show tables", "summarize select 1", "from runs"]


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select * from predictions limit 1) to '{file}' (format parquet, use_tmp_file false)",
        "create table t as select * from predictions",
        "attach '{file}' as other",
        "set threads = 1",
        "explain analyze copy (select 1) to '{file}' (use_tmp_file false)",
    ],
)
def test_a_query_only_looks(sql: str, scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    file = next((world.store / "predictions").rglob("*.parquet"))
    before = file.read_bytes()

    told = world.run("query", sql.format(file=file), "--job", world.job, job=False)

    assert told.error["code"] == "query_invalid"
    assert file.read_bytes() == before


@pytest.mark.parametrize("sql", LOOKS)
def test_every_way_to_look_is_a_query(sql: str, scored: World) -> None:
    assert scored.rows(sql)


def test_a_folder_above_the_store_says_nothing_about_its_rows(
    scored: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path may hold `batch=` for reasons of its own."""
    elsewhere = tmp_path / "batch=zz" / "job=zz" / "store"
    shutil.copytree(scored.store, elsewhere)
    monkeypatch.setenv("RECHECK_STORE", str(elsewhere))

    found = scored.rows("select distinct batch from predictions order by batch")

    assert [row["batch"] for row in found] == ["2026-01-05", "2026-01-06"]


@pytest.mark.parametrize("name", ["a%20b", "a\\b"])
def test_a_folder_that_delta_takes_for_another_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="another folder"):
        open_store(str(tmp_path / name))


def test_a_batch_whose_name_no_folder_can_have_stops_no_other(base: World, tmp_path: Path) -> None:
    world = base.copy(tmp_path)
    world.edit('by = "day"', 'by = "column"\ncolumn = "product"')
    world.write(edited(small(), "product", {0: "ü" * 100}))

    told = world.run("score")

    states = {one["batch"]: one["status"] for one in told.answer["batches"]}
    assert told.error["code"] == "batch_refused"
    assert states.pop("ü" * 100) == "failed"
    assert set(states.values()) == {"published"}


@pytest.mark.parametrize("content", ["", "soon", "2026-01-01", "9999-12-31T00:00:00+00:00"])
def test_a_note_of_the_last_commit_that_says_nothing_is_made_anew(
    content: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    (world.store / "notes" / "last-commit").write_text(content)

    world.ok("sample", "--budget", 5)

    moments = [row["at"] for row in world.rows("select max(known_at) as at from designs")]
    assert moments[0] < "2100"


@pytest.mark.parametrize(
    "content", ['{"format": 1e400}', "[" * 100_000, '{"format": true}', '{"format": 0}', "null"]
)
def test_a_mark_that_says_no_format_is_told(content: str, scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    (world.store / "recheck-store.json").write_text(content)

    assert world.refused("status").error["code"] == "store_unavailable"


def test_a_mark_that_was_claimed_and_never_written_is_written_by_the_next(
    scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    mark = world.store / "recheck-store.json"
    mark.write_bytes(b"")
    world.ok("status")

    world.ok("sample", "--budget", 5)

    assert mark.stat().st_size


@pytest.mark.parametrize("version", ["", "/etc", "..", ".hidden", "\udcff"])
def test_a_live_version_that_is_no_name_is_no_version(
    version: str, scored: World, tmp_path: Path
) -> None:
    """In a store of an earlier release, which has nothing else."""
    world = scored.copy(tmp_path)
    shutil.rmtree(world.store / "releases")
    (live,) = (world.store / "models").glob("*.live")
    live.write_bytes(os.fsencode(version))

    assert world.refused("score", "--replace").error["code"] == "step_missing"


@pytest.mark.parametrize("name", ["recheck-store.json", "notes/last-commit"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(
    name: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    (world.store / name).unlink()
    os.mkfifo(world.store / name)

    assert world.refused("sample", "--budget", 5).error["code"] == "store_unavailable"


def test_a_fit_at_work_is_no_changed_package(scored: World, tmp_path: Path) -> None:
    """Two fits of the same data at once, while the first writes slowly: one package, and it opens."""
    world = scored.copy(tmp_path)
    shutil.rmtree(world.store / "models")
    slow = (
        "import time; from infra.clouds.folder import Folder; put = Folder.put\n"
        "def late(self, name, *a, **k):\n"
        "    if 'models' in self.address: time.sleep(0.2)\n"
        "    return put(self, name, *a, **k)\n"
        "Folder.put = late\n"
    )
    (tmp_path / "sitecustomize.py").write_text(slow)
    path = f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: world.spawn("fit", PYTHONPATH=path), range(2)))

    assert [one.code for one in told] == [0, 0]
    assert told[0].answer["version"] == told[1].answer["version"]
    world.ok("score", "--replace")


@pytest.mark.parametrize("table", ["samples", "designs"])
def test_the_doctor_finds_a_table_that_cannot_be_read(
    table: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    world.ok("sample", "--budget", 5)
    for file in (world.store / table).glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:40])

    assert world.run("doctor").code == 1


@pytest.mark.parametrize("table", ["predictions", "populations"])
def test_the_doctor_finds_a_table_that_is_gone(table: str, scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    world.ok("sample", "--budget", 5)
    shutil.rmtree(world.store / table)

    assert "P1" in [one["id"] for one in world.broken_promises()]
