"""What these tests need besides a server: its client, a project, and people who answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.clouds.folder import Folder
from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.listing import each_task
from labeling.labelstudio.local.server import Server
from labeling.labelstudio.projects import Project, ensure_project
from labeling.labelstudio.push import Journal, PushResult, push
from labeling.questions.tasks import Task
from tests.fixtures.questions import SURVEY


@pytest.fixture
def client(running: Server) -> Iterator[SdkClient]:
    with SdkClient(running.url, running.token) as opened:
        yield opened


@pytest.fixture
def api(client: SdkClient) -> Any:
    """The SDK itself, to do what people do."""
    return client._sdk


@dataclass(frozen=True)
class Desk:
    """A project of its own, and what a push to it needs."""

    client: SdkClient
    project: Project
    journal: Journal

    def ask(self, tasks: Sequence[Task]) -> PushResult:
        """Push them."""
        return push(self.client, self.project, tasks, self.journal)

    def ids(self, tasks: Sequence[Task]) -> list[int]:
        """Push them; return their task ids in this order."""
        made = self.ask(tasks).tasks
        return [made[task.prediction_id] for task in tasks]

    def asked(self) -> Counter[str]:
        """How many tasks each prediction has."""
        found = each_task(self.client, self.project.id, ("id", "data"))
        return Counter(task["data"]["prediction_id"] for task in found)


@pytest.fixture
def desk(client: SdkClient, journal: Journal) -> Desk:
    return Desk(client, ensure_project(client, uuid4().hex, "flights", SURVEY), journal)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Folder(tmp_path), "push.json")


@pytest.fixture
def say(api: Any) -> Callable[..., Any]:
    """Answer a task as the label page does."""

    def answer(task: int, choice: str | None, by: Any = api) -> Any:
        region = {
            "from_name": "answer",
            "to_name": "row",
            "type": "choices",
            "value": {"choices": [choice]},
        }
        result = [] if choice is None else [region]
        return by.annotations.create(
            task, result=result, was_cancelled=choice is None, lead_time=2.5
        )

    return answer
