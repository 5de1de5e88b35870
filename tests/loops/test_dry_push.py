"""What `push --dry-run` says before it is done, and that it does none of it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.fixtures.people import People
from tests.fixtures.terminal import Terminal

ROWS = 30


@pytest.fixture
def terminal(tmp_path: Path, people: People) -> Terminal:  # noqa: ARG001 - it sets where they are
    """A job over rows that nobody has labeled."""
    rows = [{"photo": f"p{number}", "caption": f"animal {number}"} for number in range(ROWS)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "photos.parquet")
    made = Terminal(tmp_path / "job" / "recheck.toml")
    answers = ["--answer", "cat", "--answer", "dog"]
    made.init("--data", tmp_path / "photos.parquet", "--key", "photo", *answers)
    made.edit("[labeling]\n", "[labeling]\ntrain_budget = 12\n")
    return made


def test_it_counts_the_training_rows_that_it_would_draw(terminal: Terminal) -> None:
    """Before the first draw, and before a larger one."""
    first = terminal.ok("push", "--purpose", "train", "--dry-run")
    assert (first["project"], first["created"], first["existing"]) == (None, 12, 0)
    assert terminal.rows("select * from samples") == []
    made = terminal.ok("push", "--purpose", "train")
    assert made["created"] == 12

    terminal.edit("train_budget = 12", "train_budget = 20")
    more = terminal.ok("push", "--purpose", "train", "--dry-run")

    assert (more["project"], more["created"], more["existing"]) == (made["project"], 8, 12)
    assert terminal.ok("push", "--purpose", "train")["created"] == 8


def test_rows_to_check_are_drawn_by_sample(terminal: Terminal) -> None:
    assert "recheck sample" in terminal.refused("push", "--dry-run")["fix"]
