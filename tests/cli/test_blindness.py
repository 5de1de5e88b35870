"""Nobody is shown a column that tells the prediction, unless the job file says so."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from functions.steps import push
from pipelines.job import job_file
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import World

ROWS = 200


def tickets(**more: Any) -> pa.Table:
    """Tickets with the queue that another system routed each to, and the probability of one queue."""
    rng = np.random.default_rng(5)
    chance = rng.random(ROWS)
    queue = np.where(chance > 0.5, "sales", "legal")
    columns = {
        "ticket": [f"T{number}" for number in range(ROWS)],
        "day": rng.integers(1, 4, ROWS),
        "country": rng.choice(["DE", "FR", "IT"], ROWS),
        "body": [f"please help me with case {number} as soon as you can" for number in range(ROWS)],
        "queue": queue,
    }
    return pa.table(columns | {name: make(queue, chance) for name, make in more.items()})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def init(world: World, *options: str) -> dict[str, Any]:
    named = ("--data", str(world.data), "--key", "ticket", *options)
    answer: dict[str, Any] = world.ok("init", world.job.parent, *named, job=False)
    return answer


def shown(world: World) -> set[str]:
    return set(job_file.load(world.job).labeling.show)


def team(queue: Any, _: Any) -> Any:
    return np.where(queue == "sales", "Team 1", "Team 2")


HIDDEN = {
    "team": (team, "it tells the prediction in 100.0% of the rows"),
    "model_version": (
        lambda queue, _: ["v7"] * len(queue),
        "it looks like the version of the model",
    ),
    "confidence": (
        lambda _, chance: np.maximum(chance, 1 - chance),
        "it looks like a probability of the prediction",
    ),
    "sales": (lambda _, chance: chance, "it looks like a probability of the prediction"),
    "x7": (lambda _, chance: chance, "it looks like a probability of the prediction"),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_init_shows_nobody_what_tells_the_prediction_and_says_so(world: World, name: str) -> None:
    make, why = HIDDEN[name]
    world.write(tickets(**{name: make}))

    answer = init(world, "--predicted", "queue")

    assert answer["notes"] == [f"column {name!r} is shown to nobody: {why}"]
    assert shown(world) == {"day", "country", "body"}


def test_init_shows_what_does_not_tell_it(world: World) -> None:
    rng = np.random.default_rng(6)
    world.write(
        tickets(share=lambda *_: rng.random(ROWS), score=lambda *_: rng.normal(0, 50, ROWS))
    )

    answer = init(world, "--predicted", "queue")

    assert "notes" not in answer
    assert shown(world) == {"day", "country", "body", "share", "score"}


def test_init_warns_of_a_text_that_quotes_the_prediction_and_shows_it(world: World) -> None:
    world.write(
        tickets(log=lambda queue, _: [f"case {n} was routed to {q}" for n, q in enumerate(queue)])
    )

    [note] = init(world, "--predicted", "queue")["notes"]

    assert "text 'log' holds the words of the predicted class in 100% of the rows" in note
    assert "log" in shown(world)


def test_init_warns_of_a_feature_that_tells_the_target(world: World) -> None:
    world.write(tickets(team=team))

    [note] = init(world, "--target", "queue")["notes"]

    assert note.endswith("if it is known only afterwards, pass --known-after team")
    assert "team" in shown(world)


def scored(world: World, **more: Any) -> None:
    world.write(tickets(**more))
    init(world, "--predicted", "queue")
    for name in more:
        world.edit(r"show = \[", f'show = ["{name}", ')
    world.ok("score")


def test_sample_refuses_a_column_that_tells_the_prediction(world: World) -> None:
    scored(world, team=team)

    told = world.refused("sample")

    assert told.error["code"] == "job_invalid"
    assert "'team' tells it in 100.0% of the rows of batch 'all'" in told.error["problem"]
    assert "labeling.allow_revealing: 'team'" in told.error["fix"]
    assert world.rows("SELECT * FROM designs") == []


def test_a_column_that_the_job_file_allows_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(world, team=team)
    world.edit(r"question =", 'allow_revealing = ["team"]\nquestion =')

    assert world.ok("sample", "--budget", 50)["batches"][0]["sampled"] == 50
    monkeypatch.setattr(push, "connect", lambda *_: nullcontext(FakeLabelStudio()))
    assert world.ok("push")["created"] == 50


def test_push_and_doctor_find_what_was_drawn_before_it_was_forbidden(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(world, team=team)
    world.edit(r"question =", 'allow_revealing = ["team"]\nquestion =')
    world.ok("sample", "--budget", 50)
    world.edit(r"allow_revealing = .*\n", "")
    monkeypatch.setattr(push, "connect", lambda *_: nullcontext(FakeLabelStudio()))

    told = world.refused("push")
    promises = {one["id"]: one for one in json.loads(world.run("doctor").out)["promises"]}

    assert "'team' tells it in 100.0% of the rows that are drawn" in told.error["problem"]
    assert promises["P8"]["ok"] is False
    assert "team of labeling.show tells people the prediction" in promises["P8"]["detail"]


def test_a_feature_of_the_jobs_own_model_is_only_warned_of(world: World) -> None:
    world.write(tickets(team=team))
    init(world, "--target", "queue")
    world.ok("fit")
    world.ok("score")

    told = world.run("sample", as_json=False)

    assert told.code == 0
    assert "warning: 'team' tells it in 100.0%: as a feature of the model it may" in told.err


@pytest.mark.parametrize("name", ["queue", "release"])
def test_a_job_file_that_shows_the_prediction_or_its_version_is_refused(
    world: World, name: str
) -> None:
    world.write(tickets(release=lambda queue, _: ["v7"] * len(queue)))
    init(world, "--predicted", "queue")
    world.edit(r'label = "queue"', 'label = "queue"\nversion = "release"')
    world.edit(r"show = \[.*\]", f'show = ["{name}"]')

    assert f"'{name}' may not stand in labeling.show" in world.refused("score").error["problem"]


def test_init_sees_that_a_score_is_of_one_class_and_score_reads_it_so(world: World) -> None:
    world.write(tickets(p=lambda _, chance: chance))

    answer = init(world, "--predicted", "queue", "--score", "p")
    world.ok("score")

    assert answer["notes"][0].startswith("column 'p' holds the probability of class 'sales'")
    lowest = world.rows("SELECT label, min(score) AS low FROM predictions GROUP BY 1 ORDER BY 1")
    assert [row["label"] for row in lowest] == ["legal", "sales"]
    assert all(row["low"] >= 0.5 for row in lowest)


def test_a_flag_of_a_rare_class_is_hidden_by_init_and_warned_of_by_sample(world: World) -> None:
    flags = ["fraud" if number % 10 == 0 else "fine" for number in range(ROWS * 2)]
    keys = [f"T{number}" for number in range(ROWS * 2)]
    world.write(pa.table({"ticket": keys, "says": flags, "flag": [f[1] == "r" for f in flags]}))

    [note] = init(world, "--predicted", "says")["notes"]
    world.edit(r"show = \[.*\].*", 'show = ["flag"]')
    world.ok("score")
    told = world.run("sample", as_json=False)

    assert (
        note
        == "column 'flag' is shown to nobody: it tells each predicted class, also the rare ones"
    )
    assert told.code == 0
    assert "'flag' of labeling.show tells each predicted class" in told.err


def test_columns_that_are_no_text_are_shown_and_drawn(world: World) -> None:
    """Bytes that are no UTF-8, lists, and times with a zone."""
    rows = range(ROWS)
    moments = pa.array([n * 10**6 for n in rows], pa.timestamp("us", "Europe/Berlin"))
    table = tickets().append_column("raw", pa.array([b"\xff\xd8\xff%d" % n for n in rows]))
    world.write(
        table.append_column("at", moments).append_column("parts", pa.array([[n] for n in rows]))
    )
    init(world, "--predicted", "queue")
    world.edit(r"show = \[", 'show = ["raw", "at", ')
    world.edit(r"pictures = .*", "pictures = []")
    world.ok("score")

    assert world.ok("sample")["batches"][0]["sampled"] == ROWS
