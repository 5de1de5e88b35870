"""Answers that come as a table: which question they answer, and what they are counted for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from functions.cli.commands import run
from tests.fixtures.people import People
from tests.fixtures.terminal import Terminal

ROWS = 60


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A job over predictions of another system, scored and drawn from."""
    rows = [{"photo": f"p{n}", "caption": f"animal {n}", "guess": "cat"} for n in range(ROWS)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "photos.parquet")
    made = Terminal(tmp_path / "job" / "recheck.toml")
    named = ["--key", "photo", "--answer", "cat", "--answer", "dog"]
    made.init("--data", tmp_path / "photos.parquet", "--predicted", "guess", *named)
    made.edit("budget = 300", "budget = 20")
    made.ok("score")
    made.ok("sample")
    return made


def given(terminal: Terminal, answers: Mapping[str, str]) -> dict[str, Any]:
    """Pull a file with these answers by key."""
    path = terminal.job.parent / "answers.csv"
    lines = [f"{key},all,{answer}" for key, answer in answers.items()]
    path.write_text("\n".join(["key,batch,answer", *lines]))
    return terminal.ok("pull", "--file", path)


def keys(terminal: Terminal, purpose: str = "verify") -> list[str]:
    rows = terminal.rows("select key, purpose from samples order by key")
    return [row["key"] for row in rows if row["purpose"] == purpose]


def answered(terminal: Terminal) -> int:
    [state] = terminal.ok("status")["batches"]
    return int(state["answered"])


def test_the_same_file_answers_the_question_that_is_asked_anew(terminal: Terminal) -> None:
    truth = dict.fromkeys(keys(terminal), "dog")
    assert given(terminal, truth)["labels"] == 20
    terminal.edit("What is right for this row?", "Which animal is it?")
    terminal.ok("sample")
    assert answered(terminal) == 0

    again, third = given(terminal, truth), given(terminal, truth)

    assert (again["labels"], again["stale"], answered(terminal)) == (20, 0, 20)
    assert third["annotations"] == 0
    assert all(one["ok"] is not False for one in terminal.ok("doctor")["promises"])


def test_an_answer_to_a_row_that_is_checked_is_not_trained_on(
    terminal: Terminal, people: People
) -> None:
    """Although the same row was drawn for training too; people may still answer it there."""
    labeled = terminal.ok("push", "--purpose", "train")
    checked = keys(terminal)
    assert set(checked) <= set(keys(terminal, "train"))
    named = {
        row["key"]: row["prediction_id"]
        for row in terminal.rows("select key, prediction_id from samples")
    }

    pulled = given(terminal, dict.fromkeys(named, "dog"))

    counts = terminal.rows("select purpose, count(*) as n from labels group by all order by all")
    assert counts == [{"purpose": "train", "n": ROWS - 20}, {"purpose": "verify", "n": 20}]
    assert (pulled["labels"], pulled["unknown"], pulled["outcomes"]) == (ROWS, 0, 0)
    people.answer(labeled["project"], {named[checked[0]]: "dog"})
    assert terminal.ok("pull")["labels"] == 1


def test_invalid_answers_are_named_without_who_said_them(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to three, for people; the JSON counts them. A time to come would stand for ever."""
    asked = keys(terminal)
    path = terminal.job.parent / "answers.csv"
    answers = [f"{asked[0]},all,dog,ann,2999-01-01", *(f"{k},all,no {k},ann," for k in asked[1:5])]
    path.write_text("\n".join(["key,batch,answer,annotator,created", *answers]))

    assert run(["pull", str(terminal.job), "--file", str(path)]) == 0

    told = capsys.readouterr()
    assert "invalid: 5" in told.out
    assert "the first: 'dog' of 2999-01-01 00:00:00+00:00, which is yet to come" in told.err
    assert told.err.count("'no ") == 2
    assert "ann," not in told.err


@pytest.mark.parametrize("content", ["prediction_id,answer\n", "key,batch,answer\n", "[]"])
def test_a_file_without_answers_adds_nothing(terminal: Terminal, content: str) -> None:
    path = terminal.job.parent / "answers"
    path.write_text(content)

    pulled = terminal.ok("pull", "--file", path)

    assert {value for value in pulled.values() if value not in ([], {})} == {0}
