"""No machine makes a command fail without a word, or lose what was there."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.fixtures.terminal import Terminal
from tests.fixtures.world import START
from tests.zoo.csv_files import people, text
from tests.zoo.environments import ENVIRONMENTS, Change

DOCUMENTED = range(26)  # exit codes; docs/reference/errors.md
HELD = ("predictions", "samples", "questions", "annotations", "estimates")
WALK = (
    ("init", "{folder}/new", "--data", "{folder}/rows.csv", "--key", "id", "--target", "label"),
    ("score", "{job}", "--replace"),
    ("pull", "{job}", "--file", "{folder}/answers.csv"),
    ("run", "{job}"),
    ("doctor", "{job}"),
    ("labelstudio", "status"),
)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small job whose questions are answered."""
    folder = tmp_path_factory.mktemp("answered")
    (folder / "rows.csv").write_text(text(), "utf-8")
    terminal = Terminal(folder / "job" / "recheck.toml")
    terminal.init("--data", folder / "rows.csv", "--key", "id", "--target", "label")
    for command in ("fit", "score", "sample"):
        terminal.ok(command)
    with (folder / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "batch", "answer"])
        writer.writerows([row["id"], "all", row["label"]] for row in people())
    terminal.ok("pull", "--file", folder / "answers.csv")
    terminal.ok("estimate")
    return folder


@pytest.mark.parametrize("change", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_odd_machine_is_told_and_loses_nothing(
    change: Change, answered: Path, tmp_path: Path
) -> None:
    """Each command ends with a documented code and, where it failed, a problem and a way out."""
    folder = tmp_path / "world"
    shutil.copytree(answered, folder)
    job = folder / "job" / "recheck.toml"
    held, kept = counts(Terminal(job)), job.read_bytes()
    machine = change(folder)

    for words in WALK:
        line = [word.format(folder=folder, job=job) for word in words]
        done = machine.run([*START, *line, "--json"])

        assert done.returncode in DOCUMENTED, (words[0], done)
        assert "Traceback" not in done.stderr, (words[0], done.stderr)
        answer = json.loads(done.stdout)
        if done.returncode not in (0, 10) and "promises" not in answer:
            assert answer["error"]["problem"], (words[0], answer)
            assert answer["error"]["fix"], (words[0], answer)

    opened(folder, job, kept)
    assert all(now >= before for now, before in zip(counts(Terminal(job)), held, strict=True))
    assert all(one["ok"] is not False for one in Terminal(job).ok("doctor")["promises"])


def counts(terminal: Terminal) -> list[int]:
    """Return the rows of each table that a person has paid for."""
    return [len(terminal.rows(f"from {table}")) for table in HELD]


def opened(folder: Path, job: Path, kept: bytes) -> None:
    """Give all rights back, and the job file."""
    for path in (folder / "rows.csv", job, job.parent / "store"):
        if not path.is_symlink() and path.exists():
            path.chmod(0o700)
    if job.is_dir():
        job.rmdir()
    job.unlink(missing_ok=True)
    job.write_bytes(kept)
