"""What the security guide says of job files, packages and queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from pipelines.tables.schemas import ANNOTATIONS
from tests.fixtures.repository import PACKAGES, ROOT
from tests.fixtures.world import World

FUNCTION = """
from pathlib import Path
Path({mark!r}).write_text("ran")

def prepare(batch):
    return batch
"""


@pytest.fixture
def handed(scored: World, tmp_path: Path) -> tuple[World, Path]:
    """A job file of somebody else, with a function that leaves a mark where it runs."""
    world, mark = scored.copy(tmp_path / "handed"), tmp_path / "mark"
    (world.job.parent / "theirs.py").write_text(FUNCTION.format(mark=str(mark)), "utf-8")
    world.edit(r"\[features\]", '[features]\nfunction = "theirs.py:prepare"')
    return world, mark


def test_looking_at_a_job_runs_nothing_of_it(handed: tuple[World, Path]) -> None:
    world, mark = handed

    world.ok("status")
    world.rows("select count(*) from predictions")

    assert not mark.exists()


def test_a_fit_runs_the_function_of_the_job_file(handed: tuple[World, Path]) -> None:
    world, mark = handed

    world.spawn("fit")

    assert mark.read_text("utf-8") == "ran"


def test_scoring_runs_the_function_that_its_package_carries(handed: tuple[World, Path]) -> None:
    """The one of the job file may be gone or another by then."""
    world, mark = handed
    world.spawn("fit")
    mark.unlink()
    (world.job.parent / "theirs.py").write_text("raise SystemExit", "utf-8")

    world.spawn("score", "--replace")

    assert mark.read_text("utf-8") == "ran"


def test_people_see_whatever_column_the_job_file_names(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    world.edit(r"(?s)show = \[.*?\]", 'show = ["income"]')

    world.ok("sample")

    assert all('"Name":"income"' in row["shown"] for row in world.rows("select shown from samples"))


def test_a_forgery_that_fits_together_changes_figures_unseen(scored: World, tmp_path: Path) -> None:
    """So whoever may write the store must be trusted."""
    world = scored.copy(tmp_path)
    world.answer_wrongly()
    before = world.ok("estimate")["estimates"]
    table = deltalake.DeltaTable(world.store / "annotations")
    rows = table.to_pyarrow_table().to_pylist()
    labels = {r["prediction_id"]: r["label"] for r in world.rows("from samples")}
    forged = [
        row | {"answer": labels[row["prediction_id"]], "known_at": datetime.now(UTC)}
        for row in rows
    ]
    deltalake.write_deltalake(table, pa.Table.from_pylist(forged, ANNOTATIONS), mode="append")

    after = world.ok("estimate")["estimates"]

    assert [one["value"] for one in before] != [one["value"] for one in after]
    assert world.broken_promises() == []


def test_a_job_file_may_name_any_file(scored: World, tmp_path: Path) -> None:
    """Whoever runs it should have read it."""
    world, elsewhere = scored.copy(tmp_path / "world"), tmp_path / "elsewhere.parquet"
    world.data.rename(elsewhere)
    world.edit(r'path = ".*"', f'path = "{elsewhere}"')

    world.ok("score", "--replace")


def test_nothing_is_unpickled(scored: World) -> None:
    """No package holds a pickle, and no code of ours loads one."""
    files = [file for file in (scored.store / "models").rglob("*") if file.is_file()]
    code = [file for room in PACKAGES for file in (ROOT / room).rglob("*.py")]
    loads = re.compile(r"pickle\.loads?|joblib|allow_pickle=True")

    assert [file for file in files if file.read_bytes().startswith(b"\x80")] == []
    assert [file for file in code if loads.search(file.read_text("utf-8"))] == []


def test_a_query_reads_no_other_file(scored: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nsecret\n", "utf-8")

    for sql in ("select * from '{}'", "select * from read_text('{}')"):
        told = scored.run("query", sql.format(secret), "--job", scored.job, job=False)
        assert (told.error["code"], "secret\n" in told.out) == ("query_invalid", False)
