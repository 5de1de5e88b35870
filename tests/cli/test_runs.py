"""What every step leaves in `runs` and `releases`: who did what, what came out, and what it cost."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.world import World

COST = ("seconds", "cpu_seconds", "peak_memory")


def runs(world: World, step: str) -> list[dict[str, object]]:
    sql = f"select * from runs where step = '{step}' order by known_at"  # noqa: S608 - a name of ours
    return world.rows(sql)


@pytest.mark.parametrize("step", ["sample", "estimate", "report"])
def test_a_step_leaves_what_it_did_and_cost(step: str, world: World) -> None:
    world.ok("score")

    world.ok(step)

    (run,) = runs(world, step)
    assert all(run[name] for name in (*COST, "versions", "actor", "job_hash", "known_at"))
    assert run["error"] is None
    assert json.loads(str(run["inputs"]))["batches"] == []


def test_a_scored_batch_leaves_its_bytes_and_cost(world: World) -> None:
    world.ok("score")

    found = runs(world, "score")
    assert len(found) == 3
    assert all(run[name] for run in found for name in (*COST, "bytes", "rows"))


def test_a_step_that_fails_leaves_its_error(world: World) -> None:
    world.ok("score")
    world.ok("sample", "--budget", 9)

    world.refused("sample", "--budget", 3)

    assert str(runs(world, "sample")[-1]["error"]).startswith("draw_refused: ")


def test_a_dry_run_and_a_look_leave_nothing(world: World) -> None:
    world.ok("score")
    before = world.rows("select count(*) as n from runs")

    for words in (["sample", "--dry-run"], ["estimate", "--dry-run"], ["status"], ["doctor"]):
        world.ok(*words)

    assert world.rows("select count(*) as n from runs") == before


def test_all_steps_of_a_run_are_one_commit(world: World) -> None:
    world.ok("score")

    world.ok("run")

    moments = world.rows(
        "select count(distinct known_at) as moments, count(*) as n from runs where step <> 'score' and step <> 'fit'"
    )
    assert moments == [{"moments": 1, "n": 3}]


def test_a_failed_attempt_at_scoring_is_no_attempt(world: World) -> None:
    """It is kept with its error, and no figure or promise counts it."""
    world.ok("score", "--batch", "2026-01-05")
    world.refused("score", "--batch", "2031-01-01")

    assert [run["error"] is None for run in runs(world, "score")] == [True, False]
    assert world.broken_promises() == []
    assert [one["scored"] > 0 for one in world.ok("status")["batches"]] == [True, False, False]


def test_a_fit_says_which_version_is_live_since_when_by_whom_and_why(world: World) -> None:
    (release,) = world.rows("select * from releases")
    (run,) = runs(world, "fit")

    assert (release["state"], release["reason"]) == ("live", "fitted")
    assert release["version"] == json.loads(str(run["outputs"]))["version"]
    assert release["actor"]


def test_the_same_fit_again_is_no_other_release(world: World) -> None:
    world.ok("fit")

    assert len(world.rows("select * from releases")) == 1
    assert len(runs(world, "fit")) == 2


def test_a_store_says_its_format_before_its_first_commit(world: World) -> None:
    mark = json.loads((world.store / "recheck-store.json").read_text("utf-8"))

    assert mark["format"] == 2
    assert len(mark["id"]) == 32


def test_a_store_of_a_later_release_is_refused(world: World) -> None:
    (world.store / "recheck-store.json").write_text('{"format": 3, "id": "x"}')

    told = world.refused("status")

    assert "format 3" in told.error["problem"]


def test_a_reader_needs_no_mark_and_makes_none(world: World) -> None:
    """As with a store of the first release, which had none."""
    (world.store / "recheck-store.json").unlink()

    for verb in ("status", "doctor"):
        world.ok(verb)

    assert not (world.store / "recheck-store.json").exists()
