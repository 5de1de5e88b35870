"""People answer by clicking: what they see, and what becomes of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fixtures.drawn_job import BUDGET, drawn, job, shown
from tests.fixtures.label_page import LabelPage
from tests.fixtures.people import People
from tests.fixtures.terminal import Terminal

HOSTILE = ["<script>document.title = 1</script>", "<img src=x onerror='document.title = 1'>"]
Record = dict[str, Any]

pytestmark = pytest.mark.usefixtures("people")


def claims(count: int = 60) -> list[Record]:
    """Insurance claims; the first letters of an id say nothing."""
    chance = np.random.default_rng(5)
    return [
        {
            "id": f"c{number}",
            "region": str(chance.choice(["north", "south"])),
            "amount of damage": float(chance.integers(100, 9000)),
            "<b>place</b>": str(chance.choice(HOSTILE)),
            "verdict": str(chance.choice(["honest", "fraud"])),
            "sure": float(chance.uniform(0.5, 1)),
        }
        for number in range(count)
    ]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    question = ("--question", "Is this claim <i>honest</i>?")
    options = ("--predicted", "verdict", "--score", "sure", "--answer", "unclear", *question)
    return job(tmp_path, claims(), *options)


def overall(terminal: Terminal, metric: str = "accuracy") -> Record:
    [found] = [
        one
        for one in terminal.ok("estimate")["estimates"]
        if (one["metric"], one["cohort"], one["period"]) == (metric, None, "batch")
    ]
    return dict(found)


def test_answers_given_by_clicking_move_the_estimate(
    terminal: Terminal, people: People, label_page: LabelPage
) -> None:
    """Four agree, one is skipped, one contradicts: each counts once, and the value falls."""
    project = terminal.ok("push")["project"]
    rows = drawn(terminal)
    label_page.open(project)
    for _ in range(4):
        label_page.choose(rows[shown(people, project, label_page)]["label"])
        assert label_page.submit() == 201
    before = terminal.ok("pull")
    agreed = overall(terminal)

    assert label_page.skip() == 201
    said = rows[shown(people, project, label_page)]["label"]
    label_page.choose({"honest": "fraud", "fraud": "honest"}[said])
    assert label_page.submit() == 201

    after = terminal.ok("pull")
    contradicted = overall(terminal)
    assert (before["labels"], before["skipped"]) == (4, 0)
    assert (after["labels"], after["skipped"]) == (1, 1)
    assert (agreed["n_asked"], agreed["n_answered"], agreed["value"]) == (BUDGET, 4, 1)
    assert contradicted["n_answered"] == 5
    assert contradicted["value"] < 1
    [state] = terminal.ok("status")["batches"]
    assert (state["asked"], state["answered"]) == (BUDGET, 5)


def test_the_page_shows_the_row_and_the_question_and_nothing_of_the_prediction(
    terminal: Terminal, people: People, label_page: LabelPage
) -> None:
    """Whatever stands in the data is text: a tag is shown as it is, and none runs."""
    project = terminal.ok("push")["project"]
    label_page.open(project)

    row = drawn(terminal)[shown(people, project, label_page)]

    claim = next(one for one in claims() if one["id"] == row["key"])
    assert label_page.table() == [
        ("region", claim["region"]),
        ("amount of damage", f"{claim['amount of damage']:.0f}"),
        ("<b>place</b>", claim["<b>place</b>"]),
    ]
    assert label_page.page.title() != "1"
    assert "Is this claim <i>honest</i>?" in label_page.text
    assert label_page.choices() == ["fraud", "honest", "unclear"]
    assert f"{claim['sure']:.2f}" not in label_page.text
    assert "unversioned" not in label_page.text
    tasks = [one for one in label_page.told if isinstance(one, dict) and "is_labeled" in one]
    assert [set(task["data"]) for task in tasks] == [{"prediction_id", "row"}] * len(tasks)
    assert [task["predictions"] for task in tasks] == [[]] * len(tasks)
    told = json.dumps(label_page.told)
    assert tasks
    assert not [word for word in ("unversioned", "verdict", str(claim["sure"])) if word in told]


def test_a_wide_row_is_seen_whole(tmp_path: Path, label_page: LabelPage) -> None:
    """Label Studio would hide all but ten columns behind a page number."""
    columns = {f"feature {number}": number for number in range(34)}
    rows = [{"id": f"w{n}", **columns, "guess": "a"} for n in range(30)]
    shown = [word for name in columns for word in ("--show", name)]
    terminal = job(tmp_path, rows, "--predicted", "guess", "--answer", "b", *shown)
    label_page.open(terminal.ok("push")["project"])

    assert label_page.table() == [(name, str(number)) for name, number in columns.items()]
    label_page.choose("b")
    label_page.submit()
    assert terminal.ok("pull")["labels"] == 1


def test_more_answers_than_keys_make_a_menu(tmp_path: Path, label_page: LabelPage) -> None:
    names = [f"<i>kind</i> {number}" for number in range(35)]
    rows = [{"id": f"k{n}", "size": n % 7, "kind": names[n % 35]} for n in range(70)]
    terminal = job(tmp_path, rows, "--predicted", "kind")
    label_page.open(terminal.ok("push")["project"])

    label_page.choose_from_menu("<i>kind</i> 11")
    assert label_page.submit() == 201

    assert terminal.ok("pull")["labels"] == 1
    assert [row["label"] for row in terminal.rows("select label from labels")] == ["<i>kind</i> 11"]


def test_instructions_are_read_before_the_first_question(
    terminal: Terminal, label_page: LabelPage
) -> None:
    said = 'instructions = "Mind the <date>."\nguideline = "https://example.com/how"'
    terminal.edit("[labeling]", f"[labeling]\n{said}")
    project = terminal.ok("push")["project"]
    label_page.open(project)

    text = label_page.read_instructions()

    assert "Mind the &lt;date&gt;." in text
    assert 'href="https://example.com/how"' in text
    label_page.choose("unclear")
    assert label_page.submit() == 201


def test_questions_come_in_the_order_in_which_they_were_pushed(
    terminal: Terminal, people: People, label_page: LabelPage
) -> None:
    """So that those who stop half-way have answered a sample of every stratum."""
    project = terminal.ok("push")["project"]
    label_page.open(project)
    seen = []
    for _ in range(3):
        seen.append(int(label_page.task))
        label_page.choose("unclear")
        label_page.submit()

    assert seen == sorted(people.tasks(project).values())[:3]


def test_texts_are_read_and_answered(tmp_path: Path, people: People, label_page: LabelPage) -> None:
    text = "I <b>love</b> it :) & £5 for #you\nhttps://example.com/a?b=c 🙂 " + "so much more " * 9
    rows = [{"id": f"t{n}", "tweet": f"{n} {text}", "mood": "good"} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "mood", "--answer", "bad")
    project = terminal.ok("push")["project"]
    label_page.open(project)
    number = drawn(terminal)[shown(people, project, label_page)]["key"][1:]

    assert " ".join(f"{number} {text}".split()) in " ".join(label_page.text.split())
    label_page.choose("bad")
    label_page.submit()

    assert terminal.ok("pull")["labels"] == 1
    assert overall(terminal)["value"] == 0


def test_pictures_are_seen_and_answered(tmp_path: Path, label_page: LabelPage) -> None:
    def picture(shade: int) -> bytes:
        written = io.BytesIO()
        Image.new("RGB", (64, 48), (shade, 0, 0)).save(written, "PNG")
        return written.getvalue()

    rows = [{"id": f"p{n}", "photo": picture(n), "seen": "cat"} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "seen", "--answer", "dog")
    project = terminal.ok("push")["project"]
    label_page.open(project)
    image = label_page.page.locator(".lsf-editor img").first
    image.wait_for()

    size = image.evaluate(
        "async one => { await one.decode(); return [one.naturalWidth, one.naturalHeight]; }"
    )
    assert size == [64, 48]
    label_page.choose("dog")
    label_page.submit()

    assert terminal.ok("pull")["labels"] == 1
    assert overall(terminal)["n_answered"] == 1


def test_numbers_are_typed(tmp_path: Path, people: People, label_page: LabelPage) -> None:
    rows = [{"id": f"h{n}", "rooms": n % 5 + 1, "price": 100.5 + n} for n in range(60)]
    terminal = job(tmp_path, rows, "--predicted", "price")
    project = terminal.ok("push")["project"]
    label_page.open(project)
    asked = drawn(terminal)
    for away in (0.25, 0.75):
        guess = float(asked[shown(people, project, label_page)]["label"])
        label_page.enter(str(guess + away))
        assert label_page.submit() == 201

    assert terminal.ok("pull")["labels"] == 2
    found = overall(terminal, "mae")
    assert (found["n_answered"], 0.25 < found["value"] < 0.75) == (2, True)
