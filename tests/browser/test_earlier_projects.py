"""A project that an earlier release made is brought up to date, with its tasks and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labeling.questions.label_page import config_digest
from tests.fixtures.drawn_job import job
from tests.fixtures.label_page import LabelPage
from tests.fixtures.people import People
from tests.fixtures.terminal import Terminal

PAGES = Path(__file__).parents[1] / "fixtures" / "earlier_pages"

pytestmark = pytest.mark.usefixtures("people")


def as_earlier(people: People, project: int, page: str) -> None:
    """Give a project the configuration and the description that release 0.1.0 gave it."""
    config = (PAGES / page).read_text("utf-8").strip()
    words = people.client.project(project)["description"].split(":")
    description = f"claims verify. Keep the next word: recheck:{words[-3]}:{config_digest(config)}:{words[-1]}"
    changes = {"label_config": config, "description": description, "title": "claims verify"}
    people.client.update_project(project, changes)


def test_classes(tmp_path: Path, people: People, label_page: LabelPage) -> None:
    rows = [
        {"id": f"c{n}", "region": "north", "letter": f"Letter {n}. Please pay.", "verdict": said}
        for n, said in enumerate(["honest", "fraud"] * 20)
    ]
    question = ("--question", "Is this claim honest?")
    terminal = job(tmp_path, rows, "--predicted", "verdict", *question)
    project = terminal.ok("push")["project"]
    as_earlier(people, project, "classes.xml")
    asked = people.tasks(project)
    label_page.open(project)
    label_page.choose("honest")
    label_page.submit()

    again = terminal.ok("push")

    assert (again["project"], again["created"], again["existing"]) == (project, 0, 10)
    assert people.tasks(project) == asked
    label_page.open(project)
    assert label_page.page.locator(".recheck-answer").count() == 1
    label_page.press("1")
    assert terminal.ok("pull")["labels"] == 2


def test_numbers(tmp_path: Path, people: People, label_page: LabelPage) -> None:
    """Their field was another one, which Label Studio gives up only where nobody has used it."""
    rows = [{"id": f"h{n}", "rooms": n % 5 + 1, "price": 100.5 + n} for n in range(30)]
    terminal = job(tmp_path, rows, "--predicted", "price", "--question", "How much is it?")
    project = terminal.ok("push")["project"]
    as_earlier(people, project, "numbers.xml")
    label_page.open(project)
    first = label_page.task
    label_page.page.locator(".lsf-editor input[type=number]").fill("7")
    label_page.submit()
    assert terminal.ok("pull")["labels"] == 1

    assert terminal.ok("push")["existing"] == 10

    label_page.open(project)
    label_page.enter("8,5")
    label_page.press()
    assert terminal.ok("pull", "--full")["labels"] == 1
    assert labels(terminal) == ["7", "8.5"]
    assert terminal.ok("push")["existing"] == 10  # and nothing is left to change
    _answer_again(label_page, project, first, "9,5")
    terminal.ok("pull")
    assert labels(terminal) == ["8.5", "9.5"]


def labels(terminal: Terminal) -> list[Any]:
    return sorted(one["label"] for one in terminal.rows("select label from labels"))


def _answer_again(label_page: LabelPage, project: int, task: str, number: str) -> None:
    page = label_page.page
    page.goto(f"{label_page.server.url}/projects/{project}/data?task={task}")
    page.locator(".lsf-current-task__task-id", has_text=task).wait_for()
    field = page.get_by_test_id("textarea-input")
    field.fill(number)
    field.press("Enter")
    field.wait_for(state="detached")
    with page.expect_response(lambda one: one.request.method == "PATCH") as reply:
        page.locator("button", has_text="Update").first.click()
    assert reply.value.ok
