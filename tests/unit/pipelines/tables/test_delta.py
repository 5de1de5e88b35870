"""The log of a table: files of two releases, many small ones, and what Delta says of a broken one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from infra.clouds.folder import Folder
from pipelines.errors import ConcurrentRun, StoreUnavailable
from pipelines.tables import delta
from pipelines.tables.delta import delta_errors
from pipelines.tables.schemas import table_of
from pipelines.tables.table import Table

OLDER = pa.schema([("job", pa.string()), ("key", pa.string())])
NEWER = pa.schema([*OLDER, ("scores", pa.map_(pa.string(), pa.float64())), ("sums", pa.string())])
NEW_ROW = {"job": "j", "key": "new", "scores": {"yes": 0.75, "no": 0.25}, "sums": "{}"}


def of_one_release(folder: Path) -> Table:
    return Table(Folder(folder / "grown"), OLDER)


def row(key: str) -> pa.Table:
    return table_of(OLDER, [{"job": "j", "key": key}])


def test_many_small_files_are_joined_without_losing_a_row(tmp_path: Path) -> None:
    """A table of hundreds of appends stays cheap to read."""
    table = of_one_release(tmp_path)

    for number in range(130):
        table.append(row(f"{number:03d}"))

    assert len(table.files()) < 20
    assert sorted(table.read(["key"])["key"].to_pylist()) == [
        f"{number:03d}" for number in range(130)
    ]


def test_a_table_whose_log_is_broken_is_told(tmp_path: Path) -> None:
    of_one_release(tmp_path).append(row("one"))
    log = tmp_path / "grown" / "_delta_log" / f"{0:020d}.json"
    log.write_text("{not json")

    with pytest.raises(StoreUnavailable):
        of_one_release(tmp_path).files()


RENAMED = "Generic LocalFileSystem error\n  \x1b[31m↳\x1b[0m Unable to rename file\n   ↳"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "free space"),
        (PermissionError(13, "Permission denied"), "right to write"),
        (OSError(30, "Read-only file system"), "right to write"),
        (OSError(36, "File name too long"), "shorter name"),
        (DeltaError("Generic error"), "RECHECK_STORE"),
        (DeltaError(f"{RENAMED} Operation not permitted (os error 1)"), "a folder that has them"),
        (DeltaError(f"{RENAMED} Permission denied (os error 13)"), "right to write"),
        (pa.ArrowInvalid("not parquet"), "RECHECK_STORE"),
    ],
)
def test_what_the_store_says_becomes_a_way_out(error: Exception, words: str) -> None:
    with pytest.raises(StoreUnavailable) as told, delta_errors("store"):
        raise error

    assert words in told.value.fix
    assert told.value.__cause__ is error


def test_the_causes_that_delta_lists_are_told_in_one_line() -> None:
    with pytest.raises(StoreUnavailable) as told, delta_errors("store"):
        raise DeltaError(f"{RENAMED} Permission denied (os error 13)")

    causes = "Generic LocalFileSystem error: Unable to rename file: Permission denied (os error 13)"
    assert told.value.problem == f"store: {causes}"


def test_a_lost_race_can_be_tried_again() -> None:
    with pytest.raises(ConcurrentRun) as told, delta_errors("store"):
        raise CommitFailedError("somebody was first")

    assert told.value.retryable


def of_two_releases(folder: Path, files: int = 1) -> Table:
    """A table that an older release made, with a row of the newer one."""
    old, new = (Table(Folder(folder / "grown"), schema) for schema in (OLDER, NEWER))
    for number in range(files):
        old.append(table_of(OLDER, [{"job": "j", "key": f"old {number}"}]))
    new.append(table_of(NEWER, [NEW_ROW]), transaction=("sample", 1))
    return new


def test_a_table_of_an_older_release_reads_with_nulls(tmp_path: Path) -> None:
    Table(Folder(tmp_path / "grown"), OLDER).append(table_of(OLDER, [{"job": "j", "key": "old"}]))

    rows = Table(Folder(tmp_path / "grown"), NEWER).read().to_pylist()

    assert rows == [{"job": "j", "key": "old", "scores": None, "sums": None}]


def test_a_table_of_an_older_release_gains_the_newer_columns(tmp_path: Path) -> None:
    """By the first commit that has them, once, and also for readers that go by Delta's schema."""
    table = of_two_releases(tmp_path)
    table.append(table_of(NEWER, [NEW_ROW]))

    rows = {row["key"]: row for row in table.read().to_pylist()}
    assert rows["old 0"]["scores"] is None
    assert dict(rows["new"]["scores"]) == NEW_ROW["scores"]
    opened = DeltaTable(table.address)
    assert [field.name for field in opened.schema().fields] == NEWER.names
    assert [one["operation"] for one in opened.history()].count("ADD COLUMN") == 1
    assert table.transaction("sample") == 1


def test_joining_files_of_two_releases_loses_no_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "_MANY_FILES", 3)

    table = of_two_releases(tmp_path, files=2)

    assert len(table.files()) == 1
    rows = [row for row in table.read().to_pylist() if row["key"] == "new"]
    assert [(dict(row["scores"]), row["sums"]) for row in rows] == [(NEW_ROW["scores"], "{}")]


def test_two_writers_may_widen_a_table_at_once(tmp_path: Path) -> None:
    of_two_releases(tmp_path)
    first, second = (
        Table(Folder(tmp_path / "grown"), pa.schema([*NEWER, ("more", pa.int64())]))
        for _ in range(2)
    )
    assert len(first.files()) == len(second.files()) == 2  # both have looked

    for table in (first, second):
        table.append(table_of(table.schema, [NEW_ROW | {"more": 1}]))

    second.refresh()
    assert sorted(row["more"] or 0 for row in second.read().to_pylist()) == [0, 0, 1, 1]


def test_a_commit_is_on_disk_when_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delta does not wait for the disk: of commits, joined files and summaries of the log, we do."""
    synced: set[str] = set()
    right = os.fsync

    def noted(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        right(descriptor)

    monkeypatch.setattr("os.fsync", noted)
    table = of_one_release(tmp_path)

    for number in range(30):
        table.append(row(f"{number:03d}"))

    log = tmp_path / "grown" / "_delta_log"
    files = [*log.iterdir(), *(log.parent / file.path for file in table.files())]
    folders = [log, log.parent, tmp_path]
    assert any("checkpoint" in file.name for file in files)
    assert {str(path) for path in (*files, *folders)} <= {_final(path) for path in synced}


def _final(path: str) -> str:
    """The name that a file was given, of that it was written under."""
    folder, _, name = path.rpartition("/")
    hidden = re.fullmatch(r"\.(.+)\.\d+-[0-9a-f]{8}\.part( \(deleted\))?", name)
    return f"{folder}/{hidden[1]}" if hidden else path
