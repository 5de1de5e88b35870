"""A run that fails half-way tells what was done before: nothing is lost but what is left to do."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from functions.app import App
from functions.batches.publish import BatchResult
from functions.draws.batch_draw import BatchDraw
from functions.draws.rows_shown import DrawnRows
from functions.steps import pull, push, report, score
from infra.settings import Access
from pipelines.errors import BatchRefused, InputChanged, StoreUnavailable
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import DAYS, World


def test_an_alert_that_fired_is_told_where_the_report_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.answer_wrongly()

    def full(_app: object) -> None:
        raise StoreUnavailable("the disk is full", fix="make room")

    monkeypatch.setattr(report, "report", full)

    told, people = world.run("run"), world.run("run", as_json=False)

    assert told.code == people.code == StoreUnavailable.exit_code
    assert {alert["metric"] for alert in told.answer["alerts"]} == {"accuracy"}
    assert "estimate" in [step["step"] for step in told.answer["steps"]]
    assert "alert: accuracy" in people.err


def test_batches_that_were_published_are_told_where_another_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_app: object, _options: object) -> score.ScoreResult:
        error = BatchRefused("too many rows are bad", fix="run `recheck score … --batch b`")
        good, bad = (
            BatchResult("a", 5, 0, 5, "already"),
            BatchResult("b", 0, 0, 0, "failed", error),
        )
        return score.ScoreResult("v", [good, bad])

    monkeypatch.setattr(score, "score", half)

    told = world.refused("run")

    good, bad = told.answer["batches"]
    assert (good["batch"], good["status"], "error" in good) == ("a", "already", False)
    assert bad == {"batch": "b", "status": "failed", "error": told.error}
    assert told.error["fix"] == f"run `recheck score {world.job} --batch b`"


@pytest.mark.parametrize(("command", "since"), [("sample", ()), ("run", ("--since", DAYS[0]))])
def test_batches_that_were_drawn_from_are_told_where_another_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, command: str, since: tuple[str, ...]
) -> None:
    """They hold, whether they come before it or after it."""
    world.ok("score")
    samples = BatchDraw.samples

    def all_but_one(draw: BatchDraw, seen: DrawnRows) -> list[dict[str, Any]]:
        if draw.source.attempt.batch == DAYS[1]:
            raise InputChanged("the input is not what was scored", fix="score it again")
        return samples(draw, seen)

    monkeypatch.setattr(BatchDraw, "samples", all_but_one)

    told = world.refused(command, *since)

    assert [one["batch"] for one in told.answer["batches"]] == [DAYS[0], DAYS[2], DAYS[1]]
    assert told.answer["batches"][-1] == {
        "batch": DAYS[1],
        "status": "failed",
        "error": told.error,
    }
    drawn = world.rows("select distinct batch from samples order by batch")
    assert [row["batch"] for row in drawn] == [DAYS[0], DAYS[2]]


def test_where_people_answer_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """To people; and not where nobody was asked."""
    alone = world.run("run", as_json=False)
    server = FakeLabelStudio()
    monkeypatch.setattr(App, "label_studio", Access(server.url, SecretStr("t0k3n")))
    for module in (push, pull):
        monkeypatch.setattr(module, "connect", lambda *_: nullcontext(server))

    asked = world.run("run", as_json=False)

    assert (alone.code, asked.code) == (0, 0), asked
    assert "people answer" not in alone.out
    [project] = server.projects()
    place = f"http://labels.test/projects/{project['id']}/data?labeling=1"
    assert asked.out.splitlines()[-1] == f"people answer at {place}"


def test_one_bad_batch_keeps_no_other_from_being_drawn_and_judged(world: World) -> None:
    """Its file may stay broken for days: the others go on, and the exit code says that one failed."""
    world.answer_wrongly()
    world.edit(r"loans\.parquet", "{batch}.parquet")
    world.edit('by = "day"', 'by = "path"')
    world.edit("timezone.*", "")
    world.edit('name = "job"', 'name = "other"')
    world.edit("holdout = 0.2", 'from_job = "job"\nholdout = 0.2')
    for name in ("good", "bad"):
        pq.write_table(pq.read_table(world.data), world.folder / f"{name}.parquet")
    (world.folder / "bad.parquet").write_bytes(b"PAR1 and no more")
    world.data.unlink()

    told = world.refused("run")

    assert told.error["code"] == "input_unreadable"
    steps = {(step["step"], step["batch"]): step["status"] for step in told.answer["steps"]}
    assert steps["score", "good"] == "published"
    assert steps["sample", "good"] == "drawn"
    assert steps["score", "bad"] == "failed"
    assert ("score", None) not in steps  # the step itself did not fail
    assert ("report", None) in steps


def test_a_label_studio_that_is_down_keeps_no_estimate_from_being_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.answer_wrongly()
    monkeypatch.setattr(App, "label_studio", Access("http://127.0.0.1:9", SecretStr("t0k3n")))

    told = world.refused("run")

    assert told.error["code"] == "label_studio_unreachable"
    assert [s["status"] for s in told.answer["steps"] if s["step"] in ("push", "pull")] == [
        "failed"
    ] * 2
    assert {alert["metric"] for alert in told.answer["alerts"]} == {"accuracy"}
