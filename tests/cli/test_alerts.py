"""Alerts live once: told by one exit code 10, then open until they are over."""

from __future__ import annotations

import pytest

from functions.cli import alerting
from pipelines.errors import AlertUnknown, StoreUnavailable
from tests.fixtures.world import DAYS, World, loans

NAMES = {
    *("id", "metric", "class", "cohort", "window", "state", "value", "low", "high"),
    *("line", "since", "is_new", "acknowledged"),
}


def test_an_alert_is_told_once(world: World) -> None:
    """`estimate` and `run` mark it as told; `alerts` does not."""
    world.answer_wrongly()
    none = world.run("alerts")
    first = world.run("estimate")

    codes = [world.run(command).code for command in ("alerts", "estimate", "run", "estimate")]

    assert (none.code, none.answer) == (0, {"alerts": []})
    assert first.code == 10
    assert codes == [0, 0, 0, 0]
    assert {one["is_new"] for one in first.answer["alerts"]} == {True}


def test_what_looks_only_marks_nothing(world: World) -> None:
    """Nor does `--as-of` of a time when nobody had been told."""
    world.answer_wrongly()
    world.run("estimate", "--dry-run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alerting, "mark", lambda *_: None)
        world.run("estimate")
    [look, *_] = world.rows("select max(known_at)::varchar as at from looks")

    again = [world.run("alerts").code, world.run("estimate", "--dry-run").code]
    told = world.run("estimate").code
    after = world.run("estimate").code
    before = world.run("alerts", "--as-of", look["at"])

    assert again == [10, 10]
    assert (told, after) == (10, 0)
    assert before.code == 10
    assert [one["is_new"] for one in before.answer["alerts"]] == [True]


def test_all_alerts_are_shown_on_demand(world: World) -> None:
    world.answer_wrongly()
    listed = world.ok("estimate")["alerts"]

    told, people = world.ok("alerts", "--all"), world.run("alerts", as_json=False)

    (alert,) = told["alerts"]
    assert set(alert) >= NAMES
    assert (alert["state"], alert["status"], alert["line"]) == ("crossed", "open", 0.5)
    assert alert["value"] == 0.0
    assert {one["id"] for one in listed} == {alert["id"]}
    assert people.out == "no new alerts\n1 alert is still open: --all shows them\n"


def test_an_alert_is_acknowledged_with_a_reason(world: World) -> None:
    """Who and when is kept; a repeat is one more row, and nothing is changed."""
    world.answer_wrongly()
    world.ok("estimate")
    [alert] = world.ok("alerts", "--all")["alerts"]

    told = world.run("alerts", "--ack", alert["id"], "--reason", "the model was rolled back")

    [seen] = told.answer["alerts"]
    assert told.code == 0
    assert seen["acknowledged"]["reason"] == "the model was rolled back"
    assert seen["acknowledged"]["by"]
    rows = world.rows("select event, id from alerts order by known_at")
    assert [row["event"] for row in rows] == ["told", "acknowledged"]
    assert {row["id"] for row in rows} == {alert["id"]}
    assert world.broken_promises() == []


def test_an_alert_that_is_acknowledged_first_is_not_told_any_more(world: World) -> None:
    world.answer_wrongly()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alerting, "mark", lambda *_: None)
        [alert, *_] = world.run("estimate").answer["alerts"]

    world.ok("alerts", "--ack", alert["id"], "--reason", "seen")

    assert world.run("estimate").code == 0


def test_the_report_shows_the_alerts_that_are_not_over(world: World) -> None:
    """An hour ago everything was wrong, and then a day was surely right."""
    world.answer_wrongly()
    world.ok("estimate")
    before = world.ok("report")["page"]["alerts"]
    world.write(loans(900, days=(*DAYS, "2026-01-08")))
    world.ok("score", "--batch", "2026-01-08")
    world.ok("sample", "--batch", "2026-01-08", "--budget", 100)
    rows = world.rows("select prediction_id, label from samples where batch = '2026-01-08'")
    path = world.folder / "right.csv"
    path.write_text(
        "\n".join(["prediction_id,answer", *(f"{r['prediction_id']},{r['label']}" for r in rows)])
    )
    world.ok("pull", "--file", path)
    world.ok("estimate")

    after = world.ok("report")["page"]["alerts"]

    assert {one["state"] for one in before} == {"crossed"}
    assert [(one["window"], one["state"]) for one in after] == [("2026-01-08", "clear")]
    assert [one["status"] for one in world.ok("alerts", "--all")["alerts"]] == ["over"]


def test_an_unknown_id_is_refused(world: World) -> None:
    told = world.refused("alerts", "--ack", "0123456789", "--reason", "seen")

    assert (told.code, told.error["code"]) == (AlertUnknown.exit_code, "alert_unknown")


@pytest.mark.parametrize("options", [("--ack", "x"), ("--reason", "x")])
def test_an_acknowledgement_has_an_id_and_a_reason(world: World, options: tuple[str, str]) -> None:
    assert world.run("alerts", *options).code == 2


def test_an_alert_that_cannot_be_marked_is_told_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once, never zero times."""
    world.answer_wrongly()

    def full(*_: object) -> None:
        raise StoreUnavailable("the disk is full", fix="make room")

    with monkeypatch.context() as patch:
        patch.setattr("functions.steps.alerts.mark_told", full)
        first = world.run("estimate")

    assert (first.code, world.run("estimate").code) == (10, 10)
    assert "warning: alerts are not marked as told" in first.err
    assert first.answer["alerts"]
