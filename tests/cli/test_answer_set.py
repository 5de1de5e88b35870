"""What another system predicted is compared with the answers that people can choose from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.job import job_file
from pipelines.job.prediction_columns import Quarantined
from tests.fixtures.world import World

REFUSALS = [
    "I cannot help with that request.",
    "I'm sorry, but I can't classify this message.",
    "As an AI language model, I have no opinion.",
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def mails(world: World, predicted: list[str]) -> None:
    rows = len(predicted)
    world.write(
        pa.table(
            {
                "mail": [f"M{number}" for number in range(rows)],
                "subject": [f"this is the subject of mail number {n}" for n in range(rows)],
                "predicted": predicted,
            }
        )
    )


def init(world: World, *options: str) -> dict[str, Any]:
    named = ("--data", str(world.data), "--key", "mail", "--predicted", "predicted", *options)
    answer: dict[str, Any] = world.ok("init", world.job.parent, *named, job=False)
    return answer


def labels(world: World) -> Counter[str]:
    rows = world.rows("SELECT label, count(*) AS n FROM predictions GROUP BY 1")
    return Counter({row["label"]: row["n"] for row in rows})


def test_init_reads_other_spellings_as_one_class(world: World) -> None:
    mails(world, ["spam", "ham"] * 50 + ["Spam", " ham ", "spam.", '"Ham"'])

    answer = init(world)
    world.ok("score")

    job = job_file.load(world.job)
    assert job.target.answers == ("ham", "spam")
    assert job.predictions is not None
    assert job.predictions.map_ == {"Spam": "spam", "spam.": "spam", " ham ": "ham", '"Ham"': "ham"}
    assert any(note.startswith("spellings are read as one") for note in answer["notes"])
    assert labels(world) == {"spam": 52, "ham": 52}


def test_init_sends_refusals_to_quarantine_however_many_there_are(world: World) -> None:
    """Each text is another one, more than people could choose from."""
    told = [f"{REFUSALS[n % 3]} ({n})" for n in range(300)]
    mails(world, ["spam", "ham"] * 2_000 + told)

    answer = init(world)
    scored = world.ok("score")["batches"][0]

    job = job_file.load(world.job)
    assert job.target.answers == ("ham", "spam")
    assert job.predictions is not None
    assert {*job.predictions.map_.values()} == {Quarantined(quarantine="refusal")}
    assert any("300 rows hold no class and go to quarantine" in note for note in answer["notes"])
    assert (scored["predictions"], scored["quarantined"]) == (4_000, 300)
    assert world.rows("SELECT DISTINCT reason FROM quarantine") == [{"reason": "refusal"}]


def test_init_keeps_classes_that_differ_by_a_sign(world: World) -> None:
    mails(world, ["A", "A-", "C++", "C"] * 20)

    assert "notes" not in init(world)
    assert job_file.load(world.job).target.answers == ("A", "A-", "C", "C++")


def test_init_names_classes_of_less_than_a_thousandth(world: World) -> None:
    mails(world, ["spam", "ham"] * 2_000 + ["spma", "hmm", "hmm"])

    [note] = init(world)["notes"]

    assert note.startswith("classes with less than 0.1 % of the 4003 rows: 'hmm' (2), 'spma' (1)")


def test_an_answer_that_is_named_stays_as_it_is(world: World) -> None:
    mails(world, ["Spam", "ham"] * 20)

    init(world, "--answer", "spam", "--answer", "ham")

    job = job_file.load(world.job)
    assert job.predictions is not None
    assert job.target.answers == ("ham", "spam")
    assert job.predictions.map_ == {"Spam": "spam"}


def test_score_names_what_people_cannot_choose_and_what_was_mapped(world: World) -> None:
    mails(world, ["spam", "ham"] * 50)
    init(world)
    mails(world, ["spam", "ham"] * 45 + ["Spam"] * 6 + ["other"] * 4)
    world.edit(r"\[sampling\]", '[predictions.map]\n"other" = "ham"\n\n[sampling]')

    told = world.run("score", as_json=False)

    assert "hint: batch all: predictions.map read 4 as 'ham'" in told.err
    assert "6 of 100 predictions (6.0%) are of classes that people cannot choose" in told.err
    assert (
        "'Spam' (an answer is 'spam'); add them to target.answers, or say by predictions.map"
        in told.err
    )
    [run] = world.rows("SELECT outputs FROM runs WHERE step = 'score'")
    assert '"mapped": {"ham": 4}' in run["outputs"]


def test_another_map_makes_a_batch_changed(world: World) -> None:
    mails(world, ["spam", "ham"] * 50 + ["eggs"])
    init(world)
    world.edit(r"\"eggs\", ", "")
    world.ok("score")
    world.edit(r"\[sampling\]", '[predictions.map]\n"eggs" = "ham"\n\n[sampling]')

    assert world.ok("score")["batches"][0]["status"] == "changed"
    assert world.ok("score", "--replace")["batches"][0]["status"] == "replaced"
    assert labels(world) == {"spam": 50, "ham": 51}
    assert all(one["ok"] is not False for one in world.ok("doctor")["promises"])


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ('"x" = "hma"', "predictions.map: 'x' = 'hma' is none of ham, spam (did you mean ham?)"),
        ('"ham" = "spam"', "predictions.map: 'ham' is an answer itself"),
        ('"x" = {quarantine = ""}', 'predictions.map.x.quarantine = "" is not allowed'),
    ],
)
def test_a_map_to_no_answer_is_refused(world: World, rule: str, problem: str) -> None:
    mails(world, ["spam", "ham"] * 50)
    init(world)
    world.edit(r"\[sampling\]", f"[predictions.map]\n{rule}\n\n[sampling]")

    assert problem in world.refused("score").error["problem"]


def test_figures_say_which_share_of_the_rows_nobody_can_call_right(world: World) -> None:
    mails(world, ["spam", "ham"] * 20 + ["eggs"] * 10)
    init(world)
    world.edit(r"\"eggs\", ", "")
    world.ok("score")
    world.ok("sample")
    answers = world.folder / "answers.csv"
    answers.write_text(
        "key,batch,answer\n" + "".join(f"M{n},all,{['spam', 'ham'][n % 2]}\n" for n in range(50))
    )
    world.ok("pull", "--file", answers)

    [accuracy] = [
        one
        for one in world.ok("estimate")["estimates"]
        if one["metric"] == "accuracy" and one["period"] == "all"
    ]
    told = world.run("estimate", as_json=False).out
    page = world.ok("report", "--json")["page"]
    checks = {one["id"]: one for one in world.ok("doctor")["promises"]}

    words = (
        "20.00% of its rows are predicted as classes that people cannot choose: they count as wrong"
    )
    assert (accuracy["value"], accuracy["unlisted"], accuracy["reason"]) == (0.8, 0.2, words)
    assert words in told
    assert any("20.0\u00a0% of these predictions are of classes" in line for line in page["leads"])
    assert checks["answers"]["ok"] is None
    assert (
        "10 of 50 drawn predictions (20.0%) are of classes that people cannot choose"
        in checks["answers"]["detail"]
    )
