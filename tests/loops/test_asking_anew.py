"""What people at Label Studio see after a batch was scored anew, or the job file asks otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.fixtures.people import People
from tests.fixtures.terminal import Terminal

ROWS, BUDGET = 90, 12
Record = dict[str, Any]


def photos() -> list[Record]:
    """Rows with predictions that another system made."""
    return [
        {"photo": f"p{number}", "caption": f"animal {number}", "guess": ["cat", "dog"][number % 2]}
        for number in range(ROWS)
    ]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A job whose predictions are scored and drawn from."""
    write(tmp_path, photos())
    made = Terminal(tmp_path / "job" / "recheck.toml")
    made.init("--data", tmp_path / "photos.parquet", "--predicted", "guess", "--key", "photo")
    made.edit("budget = 300", f"budget = {BUDGET}")
    made.ok("score")
    made.ok("sample")
    return made


def write(folder: Path, rows: Sequence[Record]) -> None:
    parquet.write_table(pa.Table.from_pylist(list(rows)), folder / "photos.parquet")


def replace(terminal: Terminal, rows: Sequence[Record]) -> None:
    """Other data under the same batch, scored, drawn from and asked about."""
    write(terminal.job.parent.parent, rows)
    terminal.ok("score", "--replace")
    terminal.ok("sample")


def ids(terminal: Terminal) -> dict[str, str]:
    """The drawn predictions by key."""
    rows = terminal.rows("select key, prediction_id from samples order by key")
    return {row["key"]: row["prediction_id"] for row in rows}


def answered(terminal: Terminal) -> int:
    [found] = [
        one
        for one in terminal.ok("estimate")["estimates"]
        if (one["metric"], one["cohort"], one["period"]) == ("accuracy", None, "batch")
    ]
    [state] = terminal.ok("status")["batches"]
    assert state["answered"] == found["n_answered"]
    return int(found["n_answered"])


def test_only_what_changed_is_asked_anew(terminal: Terminal, people: People) -> None:
    """An answered task of a changed row stays beside the new one, an unanswered one goes."""
    project = terminal.ok("push")["project"]
    drawn = ids(terminal)
    keys = list(drawn)
    people.answer(project, {drawn[key]: "cat" for key in keys[:6]})
    assert terminal.ok("pull")["labels"] == 6
    changed = {keys[0], keys[6]}  # the one answered, the other not
    rows = [row | {"caption": "new"} if row["photo"] in changed else row for row in photos()]

    replace(terminal, rows)
    pushed = terminal.ok("push")

    assert (pushed["created"], pushed["existing"]) == (2, BUDGET - 2)
    assert ids(terminal) == drawn
    assert people.count(project) == BUDGET + 1
    assert answered(terminal) == 5
    people.answer(project, {drawn[key]: "dog" for key in changed})
    assert terminal.ok("pull")["labels"] == 2
    assert answered(terminal) == 7
    assert all(one["ok"] is not False for one in terminal.ok("doctor")["promises"])


def test_nobody_is_asked_about_a_row_that_is_gone(terminal: Terminal, people: People) -> None:
    """Its unanswered task goes, its answer stays on record and counts no more."""
    project = terminal.ok("push")["project"]
    drawn = ids(terminal)
    keys = list(drawn)
    people.answer(project, {drawn[keys[0]]: "cat", drawn[keys[1]]: "cat"})
    terminal.ok("pull")

    replace(terminal, [row for row in photos() if row["photo"] not in (keys[0], keys[11])])
    terminal.ok("push")

    left = people.tasks(project)
    assert drawn[keys[0]] in left
    assert drawn[keys[11]] not in left
    assert answered(terminal) == 1
    assert terminal.ok("pull")["annotations"] == 0


def test_another_question_is_another_matter(terminal: Terminal, people: People) -> None:
    """The rows stay drawn; what was said to the old question is stale, and all are asked anew."""
    project = terminal.ok("push")["project"]
    drawn = ids(terminal)
    people.answer(project, dict.fromkeys(list(drawn.values())[:4], "cat"))
    assert terminal.ok("pull")["labels"] == 4
    terminal.edit("What is right for this row?", "Which animal is it?")
    assert "recheck sample" in terminal.refused("push")["fix"]
    terminal.ok("sample")

    pushed = terminal.ok("push")

    assert (pushed["project"], pushed["created"]) == (project, BUDGET)
    assert (ids(terminal), answered(terminal)) == (drawn, 0)
    people.answer(project, dict.fromkeys(list(drawn.values())[:2], "cat"))
    assert terminal.ok("pull")["labels"] == 2
    assert answered(terminal) == 2


def test_people_may_be_shown_other_columns(terminal: Terminal, people: People) -> None:
    project = terminal.ok("push")["project"]
    drawn = ids(terminal)
    terminal.edit('show = ["caption"]', 'show = ["caption", "photo"]')
    terminal.ok("sample")

    pushed = terminal.ok("push")

    assert (pushed["project"], pushed["created"], ids(terminal)) == (project, BUDGET, drawn)
    assert people.count(project) == BUDGET


def test_a_column_that_was_not_read_before_is_scored_with_first(
    terminal: Terminal, people: People
) -> None:
    """The digest of the batch knows only the columns that the job file named."""
    project = terminal.ok("push")["project"]
    drawn = ids(terminal)
    write(terminal.job.parent.parent, [row | {"place": "zoo"} for row in photos()])
    terminal.ok("score", "--replace")
    terminal.edit('show = ["caption"]', 'show = ["caption", "place"]')

    assert "--replace" in terminal.refused("sample")["fix"]
    terminal.ok("score", "--replace")
    terminal.ok("sample")

    assert (terminal.ok("push")["created"], ids(terminal)) == (BUDGET, drawn)
    assert people.count(project) == BUDGET
