"""Small files that unpack to anything take a bounded amount of memory."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import subprocess
import time
from pathlib import Path

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.scoring import batch_results
from tests.fixtures.world import START, World, edited, environment, loans

MOST = (
    1_200 * 2**20
)  # bytes: a few copies of the blocks of 32 MB that files are read in, and what allocators keep


def peak(world: World, *words: object) -> tuple[int, str, int]:
    """Run a command; return its exit code, its answer and the most memory it held, in bytes."""
    line = [*START, *world.words(*map(str, words))]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout
    with process.stdout:
        answer = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, answer, used.ru_maxrss * 1024


def own_memory(*words: object) -> int:
    """Run a command; return the most memory of its own that it held, without what lies in files, in bytes."""
    line = [*START, *map(str, words)]
    most = 0
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, env=environment()) as process:
        while process.poll() is None:
            with contextlib.suppress(OSError):  # it ends between two looks
                found = re.search(
                    r"RssAnon:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text()
                )
                most = max(most, int(found[1]) * 1024 if found else 0)
            time.sleep(0.005)
    assert process.returncode == 0, words
    return most


def test_pictures_named_by_path_are_not_held_all_at_once(world: World) -> None:
    """The memory of a command's own is far less than they are; the rest lies in a file."""
    folder, rows = world.folder / "pictures", 120
    folder.mkdir()
    PIL.Image.effect_noise((1_500, 1_400), 90).convert("RGB").save(folder / "a.bmp")  # 6.3 MB
    table = {"id": range(rows), "guess": ["cat", "dog"] * (rows // 2), "seen": ["a.bmp"] * rows}
    pq.write_table(
        pa.table({name: [*values] for name, values in table.items()}), folder / "t.parquet"
    )
    job = folder / "job"
    line = [
        "init",
        job,
        "--data",
        folder / "t.parquet",
        "--key",
        "id",
        "--predicted",
        "guess",
        "--json",
    ]
    own_memory(*line)
    text = (job / "recheck.toml").read_text()
    (job / "recheck.toml").write_text(
        re.sub(r"(?s)show = \[.*?\]", 'show = ["seen"]', text)
        .replace("pictures = []", 'pictures = ["seen"]')
        .replace("budget = 300", "budget = 5")
    )

    used = [own_memory(command, job / "recheck.toml", "--json") for command in ("score", "sample")]

    assert max(used) < rows * (folder / "a.bmp").stat().st_size / 2


def packed(world: World, row: str, rows: int) -> Path:
    """Make the job read a packed CSV file of many equal rows, in one batch."""
    path = world.folder / "loans.csv.gz"
    with gzip.open(path, "wb", 9) as file:
        file.write(f"{','.join(loans(1).column_names)}\n".encode())
        for _ in range(rows // 10_000):
            file.write(f"{row}\n".encode() * 10_000)
    world.edit(r"loans\.parquet", "loans.csv.gz")
    world.edit('by = "day"', 'by = "all"')
    return path


def test_a_packed_file_of_bad_rows_is_refused_in_little_memory(world: World) -> None:
    path = packed(world, ",2026-01-05 00:00:00,,x,,,,", 1_500_000)

    code, answer, used = peak(world, "score")

    assert path.stat().st_size < 200_000
    assert (code, "rows are bad" in answer) == (7, True)
    assert used < MOST


def test_a_packed_file_that_unpacks_beyond_measure_is_refused_by_name(world: World) -> None:
    packed(world, "1," + "0" * 1_000 + ",,,,,,", 400_000)

    code, answer, used = peak(world, "score")

    assert (code, "unpacks to more than" in answer) == (5, True)
    assert used < MOST


@pytest.mark.parametrize("by", ["all", "day"])
def test_millions_of_empty_rows_are_refused_in_little_memory(by: str, world: World) -> None:
    """A few kilobytes of Parquet hold as many as one likes."""
    schema = loans(1).schema
    nulls = pa.table({field.name: pa.nulls(1_000_000, field.type) for field in schema})
    with pq.ParquetWriter(world.data, schema) as writer:
        for _ in range(12):
            writer.write_table(nulls, row_group_size=1_000_000)
    world.edit('by = "day"', f'by = "{by}"')

    code, answer, used = peak(world, "score")

    assert world.data.stat().st_size < 1_000_000
    assert (code, "rows are bad" in answer) == (7, True)
    assert used < MOST


def test_more_rows_than_the_machine_can_hold_are_refused_before_any_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.batches.unscorable.physical_memory", lambda: 600 * 40)

    told = world.refused("score")

    assert "declare more rows than the memory" in told.error["problem"]


def test_bad_rows_that_were_only_counted_are_in_quarantine_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the batch is published after all, its files are read once more."""
    monkeypatch.setattr(batch_results, "MOST_KEPT", 3)
    monkeypatch.setattr(batch_results, "FIRST", 1)
    infinite = dict.fromkeys(range(0, 600, 20), float("inf"))
    world.write(edited(loans(), "income", infinite), row_group_size=150)

    published = world.ok("score")["batches"]

    assert sum(one["quarantined"] for one in published) == 30
    assert len(world.rows("select * from quarantine")) == 30
    assert [one for one in world.broken_promises() if one["id"] in ("P2", "P3")] == []
