"""A whole job on rows in a bucket: it finds what it finds in the same files on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.fixtures.buckets import GooglePlace, S3Place
from tests.fixtures.terminal import Terminal
from tests.fixtures.world import DAYS, environment, loans

NAMED = ("--target", "outcome", "--key", "loan")
SQL = "select batch, key, label, score from predictions order by batch, key"


@pytest.fixture(params=["s3", "google"])
def place(request: pytest.FixtureRequest, data: Path) -> S3Place | GooglePlace:
    """A bucket with the same files."""
    found: S3Place | GooglePlace = request.getfixturevalue(request.param)
    for path in data.iterdir():
        found.put(f"in/{path.name}", path.read_bytes())
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file a day."""
    table, folder = loans(), tmp_path / "in"
    folder.mkdir()
    days = pc.strftime(table["opened"], "%Y-%m-%d")
    for day in DAYS:
        pq.write_table(table.filter(pc.equal(days, day)), folder / f"{day}.parquet")
    return folder


def fitted(folder: Path, data: str) -> Terminal:
    """A job over the data, with one seed for all, and a model."""
    terminal = Terminal(folder / "recheck.toml")
    answer = terminal.init("--data", data, *NAMED)
    assert answer["batches"] == list(DAYS)
    text = terminal.job.read_text()
    seed = text.partition('seed = "')[2].partition('"')[0]
    terminal.edit(seed, "0123456789abcdef0123456789abcdef")
    fit(terminal)
    return terminal


def fit(terminal: Terminal) -> None:
    """In its own process, for Beam fills this one with threads and warnings."""
    program = "from functions.cli.main import main; main()"
    command = [sys.executable, "-c", program, "fit", str(terminal.job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done


def downloads(place: S3Place | GooglePlace) -> list[str]:
    return [path for path in place.proxy.seen if "/in/" in path or "alt=media" in path]


def test_a_bucket_gives_what_its_files_give(
    place: S3Place | GooglePlace, data: Path, tmp_path: Path
) -> None:
    here = fitted(tmp_path / "here" / "job", f"{data}/{{batch}}.parquet")
    there = fitted(tmp_path / "there" / "job", f"{place.url}/in/{{batch}}.parquet")

    scored: list[dict[str, Any]] = [one.ok("score", "--engine", "inline") for one in (here, there)]

    assert scored[0] == scored[1]
    assert here.rows(SQL) == there.rows(SQL) != []
    assert len(downloads(place)) == len(DAYS)  # by `init`, and never again
    assert [
        p["id"] for p in there.run("doctor", there.job)[1]["promises"] if p["ok"] is False
    ] == []


def test_a_batch_is_fetched_by_itself(s3: S3Place, data: Path, tmp_path: Path) -> None:
    for path in data.iterdir():
        s3.put(f"in/{path.name}", path.read_bytes())
    job = fitted(tmp_path / "job", f"{s3.url}/in/{{batch}}.parquet")
    s3.put("in/2026-01-08.parquet", (data / f"{DAYS[0]}.parquet").read_bytes())
    s3.put("in/2026-01-09.parquet", (data / f"{DAYS[1]}.parquet").read_bytes())
    s3.proxy.seen.clear()

    scored = job.ok("score", "--batch", "2026-01-08")["batches"]
    states = job.ok("status")["batches"]

    assert [(one["batch"], one["status"]) for one in scored] == [("2026-01-08", "published")]
    assert [one["batch"] for one in states] == [*DAYS, "2026-01-08", "2026-01-09"]
    assert len(downloads(s3)) == 1


def test_an_object_that_changed_changes_its_batch(s3: S3Place, data: Path, tmp_path: Path) -> None:
    for path in data.iterdir():
        s3.put(f"in/{path.name}", path.read_bytes())
    job = fitted(tmp_path / "job", f"{s3.url}/in/{{batch}}.parquet")
    job.ok("score")
    pq.write_table(pq.read_table(data / f"{DAYS[1]}.parquet").slice(1), data / "one-less")
    s3.put(f"in/{DAYS[1]}.parquet", (data / "one-less").read_bytes())

    states = [one["status"] for one in job.ok("score")["batches"]]

    assert states == ["already", "changed", "already"]


def test_what_keeps_a_bucket_from_being_read_is_told(
    s3: S3Place, data: Path, tmp_path: Path
) -> None:
    s3.put("in/a.parquet", (data / f"{DAYS[0]}.parquet").read_bytes())
    s3.proxy.plan = ["403"]
    job = Terminal(tmp_path / "job" / "recheck.toml")
    words = ("init", job.job.parent, "--data", f"{s3.url}/in/*.parquet", *NAMED)

    code, refused = job.run(*words)

    assert (code, refused["error"]["code"]) == (25, "bucket_refused")
    assert not job.job.exists()


def test_a_dry_run_of_init_leaves_nothing(s3: S3Place, data: Path, tmp_path: Path) -> None:
    s3.put("in/a.parquet", (data / f"{DAYS[0]}.parquet").read_bytes())
    folder = tmp_path / "job"

    code, _ = Terminal.run("init", folder, "--data", f"{s3.url}/in/*.parquet", *NAMED, "--dry-run")

    assert code == 0
    assert not folder.exists()


def test_files_of_this_machine_need_no_cloud(data: Path, tmp_path: Path) -> None:
    """A cold start on local files pays for no client of a cloud."""
    job = fitted(tmp_path / "job", f"{data}/{{batch}}.parquet").job
    program = f"""
import sys
from functions.cli.commands import run
code = run(["score", {str(job)!r}, "--engine", "inline", "--json"])
print(code, sorted({{"boto3", "botocore", "google.cloud", "google.cloud.storage", "tenacity"}} & set(sys.modules)))
"""

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "0 []", done
