"""`recheck plan`: how many answers a figure needs, before anybody was asked and later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.world import DAYS, WRONG, World

_FIELDS = {"metric", "class", "within", "answers", "per_batch", "basis", "period", "batch", "rows"}


@pytest.fixture
def scored(world: World) -> World:
    """A job whose days are scored."""
    world.ok("score")
    return world


def plan(world: World, *options: object) -> list[dict[str, Any]]:
    plans: list[dict[str, Any]] = world.ok("plan", *options)["plans"]
    return plans


def test_before_anybody_was_asked_it_rests_on_scores(scored: World) -> None:
    batch, week = plan(scored, "--within", 5)

    assert batch.keys() >= _FIELDS
    assert [one["basis"] for one in (batch, week)] == ["scores", "scores"]
    assert (batch["period"], week["period"]) == ("batch", "week")
    assert batch["answers"] == batch["per_batch"] <= batch["rows"]
    assert week["answers"] == 7 * week["per_batch"] < 7 * batch["answers"]


def test_the_newest_batch_is_planned_by_unless_one_is_named(scored: World) -> None:
    assert {one["batch"] for one in plan(scored)} == {DAYS[-1]}
    assert {one["batch"] for one in plan(scored, "--batch", DAYS[0])} == {DAYS[0]}


def test_answers_are_believed_once_there_are_some(scored: World) -> None:
    """People contradict every tenth prediction, so that fewer answers are needed than scores foretell."""
    before = plan(scored, "--within", 8)
    scored.ok("sample", "--budget", 60)
    rows = scored.rows("select prediction_id, label from samples order by 1")
    said = [row["label"] if place % 10 else WRONG[row["label"]] for place, row in enumerate(rows)]
    lines = [f"{row['prediction_id']},{word}" for row, word in zip(rows, said, strict=True)]
    path = scored.folder / "answers.csv"
    path.write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    scored.ok("pull", "--file", path)

    after = plan(scored, "--within", 8)

    assert {one["basis"] for one in after} == {"answers"}
    assert after[0]["answers"] < before[0]["answers"]


def test_a_class_is_planned_for_by_its_metrics(scored: World) -> None:
    """Without a metric, the three that every job has of a class."""
    of_class = plan(scored, "--class", "lost", "--within", 10)
    [recall, _] = plan(scored, "--class", "lost", "--metric", "recall", "--within", 10)

    assert {one["metric"] for one in of_class} == {"precision", "recall", "f1"}
    assert {one["class"] for one in of_class} == {"lost"}
    assert recall in of_class


def test_a_budget_says_what_it_buys(scored: World) -> None:
    """More answers make a shorter interval; a job's own budget counts without one."""
    halves = [
        scored.ok("plan", *options)["with_budget"][0]["within"]
        for options in ([], ["--budget", 40], ["--budget", 80])
    ]

    assert halves[0] < halves[2] < halves[1]


def test_people_read_a_table(scored: World) -> None:
    told = scored.run("plan", "--within", 5, as_json=False)

    assert told.code == 0
    assert "± 5 points" in told.out
    assert f"answers per batch of {DAYS[-1]}: accuracy ±" in told.out


def test_nothing_is_written(scored: World) -> None:
    files = sorted(scored.store.rglob("*"))

    plan(scored)

    assert sorted(scored.store.rglob("*")) == files


def test_without_predictions_the_worst_case_is_named(world: World) -> None:
    """1.96² / 4 / .02² answers of a simple random sample."""
    told = world.refused("plan")

    assert (told.code, "2,401 answers" in told.error["fix"]) == (14, True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--class", "no"), 3),
        (("--metric", "mae"), 3),
        (("--batch", "1999-01-01"), 14),
        (("--within", 0), 2),
    ],
)
def test_what_cannot_be_planned_is_refused(
    scored: World, options: tuple[object, ...], code: int
) -> None:
    assert scored.refused("plan", *options).code == code
