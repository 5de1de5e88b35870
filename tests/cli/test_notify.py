"""Alerts are sent once through each channel, and again after a failure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from functions.promises.leaks import search
from infra.clouds.folder import Folder
from pipelines.errors import ChannelFailed, SettingsInvalid
from tests.fixtures.hook_server import Hook, hook_server
from tests.fixtures.world import World


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """Run two channels to one server: one as plain JSON, one in the shape of Slack."""
    with hook_server() as running:
        monkeypatch.setenv("HOOK", running.url)
        channels = {
            "plain": {"kind": "webhook", "url": "env:HOOK"},
            "team": {"kind": "webhook", "url": "env:HOOK", "shape": "slack"},
        }
        monkeypatch.setenv("RECHECK_NOTIFY", json.dumps(channels))
        yield running


def _sent(world: World) -> list[dict[str, Any]]:
    rows = world.rows("select event, channel from alerts order by known_at, channel")
    return [row for row in rows if row["channel"]]


def test_an_alert_is_sent_once_through_each_channel(world: World, hook: Hook) -> None:
    """Whether a run sends it or an estimate, and whatever it tells besides."""
    world.answer_wrongly()

    first, second = world.run("run"), world.run("run")
    world.run("estimate")

    plain, team = hook.bodies
    (alert,) = plain["alerts"]
    assert (plain["job"], alert["metric"], alert["is_new"]) == ("job", "accuracy", True)
    assert list(team) == ["text"]
    assert alert["id"] in team["text"]
    assert (first.code, second.code) == (10, 0)
    steps = [step for step in first.answer["steps"] if step["step"] == "notify"]
    assert [(step["status"], step["count"]) for step in steps] == [("done", 1)] * 2
    assert "notify" not in [step["step"] for step in second.answer["steps"]]
    assert _sent(world) == [
        {"event": "sent", "channel": "plain"},
        {"event": "sent", "channel": "team"},
    ]


def test_a_channel_that_fails_is_told_fails_nothing_else_and_is_tried_again(
    world: World, hook: Hook
) -> None:
    world.answer_wrongly()
    hook.statuses = [500]

    first, second, third = world.run("run"), world.run("run"), world.run("run")

    assert (first.code, second.code, third.code) == (10, 0, 0)
    assert "warning: channel plain: the server answered with status 500" in first.err
    assert ("report", "done") in [(s["step"], s["status"]) for s in first.answer["steps"]]
    assert [list(body) == ["text"] for body in hook.bodies] == [False, True, False]
    assert {row["event"] for row in _sent(world)} == {"failed", "sent"}


def test_a_job_names_its_channels(world: World, hook: Hook) -> None:
    """One that the settings do not have is told; without any, nothing is sent."""
    world.answer_wrongly()
    world.edit("task = ", "notify = []\ntask = ")
    world.run("estimate")
    none = len(hook.bodies)
    world.edit(r"notify = \[\]", 'notify = ["team", "pager"]')

    told = world.run("run")

    assert none == 0
    assert [list(body) for body in hook.bodies] == [["text"]]
    assert "warning: channel pager: no [notify.pager] stands in the settings" in told.err
    assert told.code == 0


def test_what_looks_only_sends_nothing(world: World, hook: Hook) -> None:
    world.answer_wrongly()

    world.run("run", "--dry-run")
    world.run("alerts")
    world.run("estimate", "--as-of", "2030-01-01")

    assert hook.bodies == []


def test_no_secret_of_a_channel_is_printed_or_stored(
    world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the message arrives or not; `doctor` looks for it."""
    world.answer_wrongly()
    hook.statuses = [404]
    told = [world.run("run"), world.run("alerts", "--all"), world.run("doctor")]
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/s3cr3t-path")
    told.append(world.run("run"))

    assert not any("s3cr3t-path" in one.out + one.err for one in told)
    assert search(Folder(world.store), "s3cr3t-path").holders == []
    (promise,) = [one for one in told[2].answer["promises"] if one["id"] == "P8"]
    assert promise["ok"] is True
    assert "no url of channel plain or url of channel team lies in" in promise["detail"]
    (world.store / "notes" / "log").write_text(hook.url)
    monkeypatch.setenv("HOOK", hook.url)
    (broken,) = world.broken_promises()
    assert "holds the url of channel plain" in broken["detail"]


def test_a_secret_that_a_program_prints_is_not_passed_on(
    world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is that of the command, with the secrets of other channels in it."""
    notify = json.loads(os.environ["RECHECK_NOTIFY"])
    notify["loud"] = {"kind": "command", "command": ["sh", "-c", "echo $HOOK >&2; exit 1"]}
    monkeypatch.setenv("RECHECK_NOTIFY", json.dumps(notify))
    world.answer_wrongly()

    told = world.run("run", as_json=False)

    assert "exit code 1: (secret)" in told.err
    assert hook.url not in told.out + told.err
    assert search(Folder(world.store), "s3cr3t-path").holders == []


def test_a_channel_can_be_tried(world: World, hook: Hook) -> None:
    told = world.run("alerts", "--test", "team")
    hook.statuses = [500]
    failed = world.refused("alerts", "--test", "team")
    unknown = world.refused("alerts", "--test", "pigeon")

    assert (told.code, told.answer) == (0, {"channel": "team", "sent": True})
    assert "a test" in hook.bodies[0]["text"]
    assert failed.code == ChannelFailed.exit_code
    assert unknown.code == SettingsInvalid.exit_code
