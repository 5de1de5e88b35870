"""`recheck errors`: which rows were wrong; and commands without a named job."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from functions.cli import commands
from tests.fixtures.world import DAYS, WRONG, World


@pytest.fixture
def answered(world: World) -> World:
    """Every third answer contradicts the prediction."""
    world.answer_a_third_wrongly(30)
    return world


def pairs(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["label"], row["answer"]) for row in rows}


def test_wrong_rows_are_those_that_people_contradict(answered: World) -> None:
    rows = answered.ok("errors")["errors"]

    assert (len(rows), pairs(rows) <= {*WRONG.items()}) == (30, True)
    assert rows[0].keys() >= {"key", "batch", "n_answers", "shown", "task", "weight"}
    assert "income" in rows[0]["shown"]


def test_they_can_be_those_of_a_batch_and_a_class(answered: World) -> None:
    rows = answered.ok("errors", "--batch", DAYS[0], "--class", "lost")["errors"]

    assert {row["batch"] for row in rows} == {DAYS[0]}
    assert all("lost" in pair for pair in pairs(rows))


def test_where_nobody_answered_no_answer_contradicts(world: World) -> None:
    """It is not said that people found no wrong row: they were not asked yet."""
    world.ok("score")

    people = world.run("errors", as_json=False)

    assert people.out.splitlines() == ["no answer so far contradicts a prediction"]


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--class", "no"), 3), (("--cohort", "no=1"), 3), (("--batch", "1999-01-01"), 4)],
)
def test_what_the_job_does_not_have_is_told(
    answered: World, options: tuple[str, str], code: int
) -> None:
    assert answered.refused("errors", *options).code == code


def test_a_spreadsheet_gets_all_rows_with_a_column_each(answered: World) -> None:
    path = answered.folder / "wrong.csv"

    people = answered.run("errors", "--csv", path, as_json=False)

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), rows[0].keys() >= {"key", "answer", "income"}) == (30, True)
    assert f"… and 10 more: {path} has all" in people.out


@pytest.mark.parametrize("command", ["estimate", "query"])
def test_other_tables_go_into_a_spreadsheet_too(answered: World, command: str) -> None:
    path = answered.folder / "rows.csv"
    words = ["select * from samples", "--job", answered.job] if command == "query" else []

    answered.ok(command, *words, "--csv", path, job=command != "query")

    with path.open(newline="") as file:
        assert len(list(csv.DictReader(file))) > 50


def test_the_job_file_of_the_current_folder_is_taken_where_none_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world.job.parent)

    assert commands.run(["status"]) == 0
    assert DAYS[0] in capsys.readouterr().out


def test_without_one_there_the_usage_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert commands.run(["status"]) == 2
    assert "there is no recheck.toml in this folder" in capsys.readouterr().err
