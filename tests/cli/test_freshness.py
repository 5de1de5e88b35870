"""A day without data is an alert, once it is over and has settled."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, tzinfo

import pytest

from infra import clock
from tests.fixtures.hook_server import hook_server
from tests.fixtures.world import DAYS, World, loans

At = Callable[[str], None]


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the clock; the world has loans of 5 to 7 January 2026, and expects some every day."""
    world.edit(r'by = "day"', 'by = "day"\nexpect = "day"')

    def _at(moment: str) -> None:
        fixed = datetime.fromisoformat(f"{moment}+00:00")

        class Then(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Then:
                return cls.fromtimestamp(fixed.timestamp(), tz)

        monkeypatch.setattr(clock, "datetime", Then)

    return _at


def _told(world: World) -> tuple[int, list[str]]:
    told = world.run("run")
    return told.code, [one for one in told.err.splitlines() if one.startswith("alert: ")]


def test_a_day_without_data_is_told_once_and_is_over_when_they_come(world: World, at: At) -> None:
    at("2026-01-08T12:00")
    before = _told(world)
    at("2026-01-09T00:30")
    night, again = _told(world), _told(world)
    at("2026-01-10T00:30")
    longer = _told(world)
    (standing,) = world.ok("alerts", "--all")["alerts"]
    world.write(loans(800, days=(*DAYS, "2026-01-08", "2026-01-09")))
    came = _told(world)

    assert before == (0, [])
    assert night == (10, ["alert: no data of day 2026-01-08"])
    assert again == longer == came == (0, [])
    assert (standing["metric"], standing["status"], standing["window"]) == (
        "no data",
        "open",
        "2026-01-08",
    )
    (over,) = world.ok("alerts", "--all")["alerts"]
    assert (over["status"], over["state"]) == ("over", "clear")
    events = world.rows("select event from alerts order by known_at")
    assert [one["event"] for one in events] == ["missing", "told", "over"]


def test_what_was_known_then_is_not_changed_by_data_that_come(world: World, at: At) -> None:
    at("2026-01-09T00:30")
    world.run("run")
    [told] = world.rows("select max(known_at)::varchar as moment from alerts")
    at("2026-01-09T08:00")
    world.write(loans(800, days=(*DAYS, "2026-01-08")))
    world.run("run")

    (then,) = world.ok("alerts", "--all", "--as-of", told["moment"])["alerts"]

    assert then["status"] == "open"


def test_run_lists_the_data_that_it_watches(world: World, at: At) -> None:
    at("2026-01-08T12:00")
    (clear,) = world.ok("run")["alerts"]
    at("2026-01-09T12:00")
    (crossed,) = world.ok("run")["alerts"]

    assert (clear["metric"], clear["state"], clear["id"]) == ("no data", "clear", None)
    assert (crossed["state"], crossed["is_new"]) == ("crossed", True)


def test_neither_a_dry_run_nor_a_named_batch_looks_for_data(world: World, at: At) -> None:
    at("2026-01-09T12:00")

    codes = [world.run("run", *options).code for options in (("--dry-run",), ("--batch", DAYS[0]))]

    assert codes == [0, 0]


def test_no_file_at_all_is_told_too(world: World, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run fails where there is no file; the message goes out all the same."""
    at("2026-01-08T12:00")
    world.ok("run")
    world.data.unlink()
    at("2026-01-09T12:00")

    with hook_server() as hook:
        monkeypatch.setenv(
            "RECHECK_NOTIFY", json.dumps({"t": {"kind": "webhook", "url": hook.url}})
        )
        told = world.refused("run")

    assert told.error["code"] == "input_unreadable"
    assert [one["text"].partition(" [")[0] for one in hook.bodies] == ["no data of day 2026-01-08"]
