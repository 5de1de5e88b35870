"""P4 against a real server: requests and replies are lost, pushes and the server are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labeling.labelstudio import push as module
from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.listing import each_task
from labeling.labelstudio.local import server
from labeling.labelstudio.local.installation import Home
from labeling.labelstudio.local.server import Server
from labeling.labelstudio.projects import ensure_project
from labeling.labelstudio.push import Journal, push
from pipelines.errors import LabelStudioUnreachable
from tests.fixtures.lossy_proxy import LossyProxy, lossy_proxy
from tests.fixtures.questions import SURVEY, questions

if TYPE_CHECKING:
    from tests.labelstudio.conftest import Desk


@pytest.fixture
def proxy(running: Server) -> Iterator[LossyProxy]:
    with lossy_proxy(running.url) as opened:
        yield opened


@pytest.mark.parametrize("fate", ["lose request", "lose reply", "502", "pass"])
def test_a_lost_import_makes_no_double(
    fate: str, proxy: LossyProxy, running: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would send it again by itself; 502 is a reply that a gateway lost."""
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    tasks = questions(40)
    proxy.plan = [fate]
    with SdkClient(proxy.url, running.token) as unsure:
        pushed = push(unsure, desk.project, tasks, desk.journal)

    assert (pushed.created, pushed.removed) == (40, 0)
    assert desk.asked() == Counter(task.prediction_id for task in tasks)


def test_many_losses_in_a_row_are_an_error_and_the_next_push_goes_on(
    proxy: LossyProxy, running: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr(module, "CHUNK", 10)
    tasks = questions(40)
    proxy.plan = ["pass", "lose reply", "pass", "lose request", "lose request"]
    with SdkClient(proxy.url, running.token) as unsure:
        with pytest.raises(LabelStudioUnreachable):
            push(unsure, desk.project, tasks, desk.journal)
        pushed = push(unsure, desk.project, tasks, desk.journal)

    assert pushed.created + pushed.existing == 40
    assert desk.asked() == Counter(task.prediction_id for task in tasks)


def test_a_task_that_somebody_altered_is_made_anew(
    desk: Desk, api: Any, say: Callable[..., Any]
) -> None:
    """Only what was altered is, once; the answered one stays."""
    tasks = questions(4)
    ids = desk.ids(tasks)
    say(ids[0], "yes")
    say(ids[3], "no")
    for task, number in zip(tasks[:2], ids, strict=False):
        data = {"prediction_id": task.prediction_id, "row": {"carrier": "CHANGED"}}
        api.tasks.update(str(number), data=data)

    pushed, again = desk.ask(tasks), desk.ask(tasks)

    assert (pushed.created, pushed.existing, pushed.removed) == (2, 2, 1)
    assert (again.created, again.existing, again.removed) == (0, 4, 0)
    assert [again.tasks[task.prediction_id] for task in tasks[2:]] == ids[2:]
    assert desk.asked() == Counter(
        [task.prediction_id for task in tasks] + [tasks[0].prediction_id]
    )


PUSH = """
import json, sys
from pathlib import Path
from typing import TYPE_CHECKING
from labeling.labelstudio.client import SdkClient
from labeling.labelstudio.projects import Project
from labeling.labelstudio.push import Journal, push
from labeling.questions.survey import Survey
from labeling.questions.tasks import make_task
from infra.clouds.folder import Folder
url, key, number, origin, journal, count = sys.argv[1:]
survey = Survey("Late?", ("yes", "no"), ())
tasks = [make_task(survey, f"{n:032x}", json.dumps({"row": {"carrier": f"c{n}"}})) for n in range(int(count))]
push(SdkClient(url, key), Project(int(number), "", origin), tasks, Journal(Folder(Path(journal)), "push.json"))
"""


def start(running: Server, desk: Desk, count: int) -> subprocess.Popen[bytes]:
    project, journal = desk.project, desk.journal
    words = [
        running.url,
        running.token,
        str(project.id),
        project.origin,
        journal.files.address,
        str(count),
    ]
    return subprocess.Popen(
        [sys.executable, "-c", PUSH, *words],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_and_concurrent_pushes_end_in_one_task_each(running: Server, desk: Desk) -> None:
    """Killed at random moments, then two at once, then one: what `recheck push` promises."""
    moments = random.Random(7)  # noqa: S311 - the same moments each time
    for _ in range(6):
        killed = start(running, desk, 1200)
        time.sleep(1.0 + moments.random() * 3)
        killed.kill()
        killed.wait()
    both = [start(running, desk, 1200) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]

    tasks = questions(1200)
    pushed = desk.ask(tasks)

    assert pushed.created == 0
    assert desk.asked() == Counter(task.prediction_id for task in tasks)


def test_a_server_killed_between_two_imports_loses_and_doubles_nothing(
    new_home: Callable[[], Home],
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHUNK", 50)
    home, tasks = new_home(), questions(200)
    with _opened(home) as client:
        project = ensure_project(client, "0" * 32, "flights", SURVEY)

        def kill(done: int, _of: int) -> None:
            if done == 100:
                os.kill(int((home.data / "server.pid").read_text()), signal.SIGKILL)

        with pytest.raises(LabelStudioUnreachable, match="does not answer"):
            push(client, project, tasks, journal, kill)
    with _opened(home) as client:
        pushed = push(client, project, tasks, journal)

        assert (pushed.created, pushed.existing) == (100, 100)
        found = each_task(client, project.id, ("id", "data"))
        assert sorted(task["data"]["prediction_id"] for task in found) == sorted(pushed.tasks)


def _opened(home: Home) -> SdkClient:
    running = server.up(home, lambda _line: None)
    return SdkClient(running.url, running.token)
