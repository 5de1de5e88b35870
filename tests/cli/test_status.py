"""What `status`, `score` and `run` say of batches: counts that are real, and what is due."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.world import DAYS, World, edited, loans

COUNTS = ("scored", "sampled", "asked", "answered")


def states(world: World) -> dict[str, dict[str, Any]]:
    return {one["batch"]: one for one in world.ok("status")["batches"]}


@pytest.fixture
def changed(world: World) -> World:
    """A scored job, one row of whose first day reads otherwise now."""
    world.ok("score")
    table = loans()
    row = next(n for n, day in enumerate(table["opened"].to_pylist()) if str(day)[:10] == DAYS[0])
    world.write(edited(table, "income", {row: 1.0}))
    return world


def test_status_shows_a_batch_whose_input_has_changed(changed: World) -> None:
    """In its column, in the JSON, and with the way out."""
    told = changed.run("status", as_json=False)

    assert {batch: one["state"] for batch, one in states(changed).items()} == {
        DAYS[0]: "changed",
        DAYS[1]: "scored",
        DAYS[2]: "scored",
    }
    assert f"{DAYS[0]}  changed" in told.out
    assert f"--batch {DAYS[0]} --replace" in told.err


@pytest.mark.parametrize("verb", ["score", "run"])
def test_a_changed_input_is_said_with_the_way_out(changed: World, verb: str) -> None:
    told = changed.run(verb)

    assert told.code == 0
    assert f"the input of {DAYS[0]} has changed since it was scored" in told.err
    assert f"recheck score {changed.job} --batch {DAYS[0]} --replace" in told.err


def test_replacing_a_changed_batch_makes_it_scored(changed: World) -> None:
    changed.ok("score", "--batch", DAYS[0], "--replace")

    assert {one["state"] for one in states(changed).values()} == {"scored"}
    assert changed.run("status").err == ""


@pytest.fixture
def unsettled(world: World) -> World:
    """A job whose batches are open for years."""
    world.edit('timezone = "UTC"', 'timezone = "UTC"\nsettle = 80000')
    return world


def test_a_batch_that_was_scored_early_keeps_its_counts(unsettled: World) -> None:
    unsettled.ok("score", "--early")

    for options in ([], ["--replace"]):
        found = unsettled.ok("score", *options)["batches"]
        assert {one["status"] for one in found} == {"open"}
        assert sum(one["predictions"] for one in found) == sum(one["rows_in"] for one in found)
        assert sum(one["rows_in"] for one in found) == 600
    assert {one["state"] for one in states(unsettled).values()} == {"open"}
    assert sum(one["scored"] for one in states(unsettled).values()) == 600


def test_a_batch_that_waits_for_its_end_is_named(unsettled: World) -> None:
    told = unsettled.run("score", as_json=False)

    assert f"not over, or not settled: {', '.join(DAYS)}; --early scores" in told.err


def test_without_the_data_status_shows_what_the_store_knows(world: World) -> None:
    """And says that the data cannot be listed, and why."""
    world.ok("score")
    world.ok("sample", "--budget", 10)
    before = states(world)
    world.data.unlink()

    told = world.run("status")

    assert told.code == 0
    assert "the data cannot be listed" in told.err
    assert "no file at" in told.err
    assert states(world) == before


def test_a_batch_that_left_the_data_is_gone(world: World) -> None:
    world.ok("score")
    world.write(loans(days=DAYS[1:]))

    assert states(world)[DAYS[0]]["state"] == "gone"


def test_a_batch_that_was_never_scored_is_due(world: World) -> None:
    assert {one["state"] for one in states(world).values()} == {"due", "earlier"}
