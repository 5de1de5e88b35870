"""A job file of an earlier release is read as it was: its digest stands in the runs of its store.

`jobs/` has files that together use every key, `jobs/digests.json` the digest of each as the first
release that knew it computed it. A new key gets a file of its own, and no digest ever changes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.job.job_file import load
from tests.releases import make

JOBS = Path(__file__).parent / "jobs"
KNOWN: dict[str, str] = json.loads((JOBS / "digests.json").read_text("utf-8"))
STORED = sorted(path.parent for path in make.HERE.glob("*/expected.json"))


def test_each_file_has_a_digest() -> None:
    assert KNOWN.keys() == {path.name for path in JOBS.glob("*.toml")}


@pytest.mark.parametrize("name", KNOWN)
def test_a_digest_stays(name: str) -> None:
    """A key that came since, and is not in the file, must not enter it."""
    assert load(JOBS / name).digest() == KNOWN[name]


@pytest.mark.parametrize("release", STORED, ids=lambda path: path.name)
@pytest.mark.parametrize("job", make.JOBS)
def test_the_digest_is_the_one_that_runs_hold(release: Path, job: str) -> None:
    expected = json.loads((release / "expected.json").read_text("utf-8"))

    assert load(release / f"{job}.toml").digest() == expected[job]["job_hash"]
