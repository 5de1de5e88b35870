"""Tasks of a real Label Studio are deleted with their answers, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.projects import ensure_project, find_project
from labeling.labelstudio.push import Journal
from labeling.labelstudio.task_removal import find_tasks_of, remove_project, remove_tasks
from tests.fixtures.questions import SURVEY, questions
from tests.labelstudio.conftest import Desk

Say = Callable[..., Any]


def test_tasks_go_with_their_answers(client: SdkClient, journal: Journal, say: Say) -> None:
    """By the prediction that they show, or by their ids where somebody changed that."""
    marker = uuid4().hex
    desk = Desk(client, ensure_project(client, marker, "flights", SURVEY), journal)
    asked = questions(6)
    ids = desk.ids(asked)
    say(ids[0], "yes")
    client._sdk.tasks.update(str(ids[1]), data={"prediction_id": "another", "row": []})

    found = find_tasks_of(client, marker, [asked[0].prediction_id], [ids[1], 10**9])
    count = remove_tasks(client, found)

    assert count == 2
    assert set(desk.asked()) == {task.prediction_id for task in asked[2:]}
    assert client.project(desk.project.id)["total_annotations_number"] == 0


def test_a_project_goes_whole(client: SdkClient, journal: Journal) -> None:
    marker = uuid4().hex
    Desk(client, ensure_project(client, marker, "flights", SURVEY), journal).ask(questions(3))

    assert remove_project(client, marker) == 3
    assert find_project(client, marker) is None
    assert find_tasks_of(client, marker, ["one"]) == {}
