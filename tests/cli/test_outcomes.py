"""Outcomes that come as files: `run` takes them by itself, each file once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.world import World


@pytest.fixture
def awaiting(world: World) -> World:
    """A job that has scored and drawn, and waits for files of outcomes."""
    world.edit(r"\[labeling\]\n", '[labeling]\noutcomes_path = "../outcomes/*.csv"\n')
    world.edit(r"from = .*\n", 'from = "2026-01-05"\n')
    (world.folder / "outcomes").mkdir()
    world.ok("score")
    world.ok("sample", "--budget", 20)
    return world


def _drawn(world: World) -> list[dict[str, Any]]:
    sql = "select s.key, s.batch, s.label from samples s order by s.batch, s.key"
    return world.rows(sql)


def _deliver(world: World, name: str, lines: list[str], header: str = "key,batch,answer") -> None:
    (world.folder / "outcomes" / name).write_text("\n".join([header, *lines]) + "\n")


def _taken(world: World) -> tuple[str, int | None]:
    steps = world.ok("run")["steps"]
    [step] = [one for one in steps if one["step"] == "outcomes"]
    return step["status"], step["count"]


def test_run_takes_new_and_changed_files_and_no_file_twice(awaiting: World) -> None:
    rows = _drawn(awaiting)
    lines = [f"{row['key']},{row['batch']},{row['label']}" for row in rows]
    _deliver(awaiting, "a.csv", lines[:10])

    first, again = _taken(awaiting), _taken(awaiting)
    _deliver(awaiting, "b.csv", lines[10:15])
    second = _taken(awaiting)
    _deliver(awaiting, "a.csv", lines[:10] + lines[15:17])  # ten of them known
    third = _taken(awaiting)

    assert [first, again, second, third] == [("done", 10), ("done", 0), ("done", 5), ("done", 2)]
    answered = {one["batch"]: one["answered"] for one in awaiting.ok("status")["batches"]}
    assert sum(answered.values()) == 17


def test_a_broken_file_is_told_and_the_figures_come_all_the_same(awaiting: World) -> None:
    _deliver(awaiting, "a.csv", ["1,2"], header="some,thing")

    told = awaiting.run("run")

    statuses = {one["step"]: one["status"] for one in told.answer["steps"]}
    assert told.answer["error"]["code"] == "answers_unreadable"
    assert (statuses["outcomes"], statuses["estimate"]) == ("failed", "done")


def test_the_time_of_an_outcome_tells_its_batch(awaiting: World) -> None:
    """Where batches are periods, whoever writes outcomes need not know their names."""
    rows = _drawn(awaiting)
    lines = [f"{row['key']},{row['batch']}T07:00:00,{row['label']}" for row in rows[:10]]
    _deliver(awaiting, "a.csv", [*lines, "00001,yesterday,paid"], header="key,opened,answer")

    told = awaiting.run("pull", "--file", awaiting.folder / "outcomes" / "a.csv")

    assert told.answer["annotations"] == 10
    assert len(told.answer["unreadable"]) == 1
    assert "opened is no time" in told.answer["unreadable"][0]


def test_outcomes_that_come_before_their_batch_is_scored_count_once_it_is(awaiting: World) -> None:
    rows = _drawn(awaiting)
    _deliver(awaiting, "a.csv", [f"{row['key']},{row['batch']},{row['label']}" for row in rows])
    last = rows[-1]["batch"]
    awaiting.ok("remove", "--batch", last, "--yes")
    early = awaiting.ok("run", "--batch", rows[0]["batch"])["steps"]

    late = _taken(awaiting)
    again = _taken(awaiting)

    mine = sum(row["batch"] == last for row in rows)
    [before] = [one["count"] for one in early if one["step"] == "outcomes"]
    assert before == len(rows) - mine
    assert late[1] is not None
    assert late[1] >= mine
    assert again == ("done", 0)


def test_outcomes_are_taken_again_after_their_batch_was_removed(awaiting: World) -> None:
    rows = _drawn(awaiting)
    _deliver(awaiting, "a.csv", [f"{row['key']},{row['batch']},{row['label']}" for row in rows])
    assert _taken(awaiting) == ("done", len(rows))

    awaiting.ok("remove", "--batch", rows[0]["batch"], "--yes")

    mine = sum(row["batch"] == rows[0]["batch"] for row in rows)
    assert [_taken(awaiting), _taken(awaiting)] == [("done", mine), ("done", 0)]
