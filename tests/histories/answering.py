"""What people do: answers in Label Studio and in files, early, late, changed, foreign and wrong."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable
from pathlib import Path

from tests.fixtures.fake_label_studio import FakeLabelStudio, Record
from tests.fixtures.people import People
from tests.histories.console import Console
from tests.histories.ground import CLASSES, JOB, Ground

_NAMES = ("ann", "bob", "")
_FIELDS = ("key", "batch", "answer", "annotator", "created")


def in_label_studio(ground: Ground, console: Console) -> None:
    """Let people answer, change, skip and take back; and meddle with the project now and then."""
    rng, known = ground.rng, ground.ids()
    if console.people:
        _by_api(ground, console.people, 0.4)
        return
    with console.server.held() as server:
        for task in list(server.board.values()):
            _at_task(ground, rng, server, task, known)
        if rng.random() < 0.2:
            _meddle(rng, server)
        server.plan = [
            rng.choice(("pass", "pass", "lose request", "lose reply", "late")) for _ in range(2)
        ]


def _at_task(
    ground: Ground,
    rng: random.Random,
    server: FakeLabelStudio,
    task: Record,
    known: dict[str, tuple[str, str]],
) -> None:
    row = known.get(str(task["data"].get("prediction_id")))
    chance = rng.random()
    if chance < 0.4:
        truth = ground.truth(*row) if row else rng.choice(CLASSES)
        say(ground, server, task, None if rng.random() < 0.1 else truth, rng.randint(1, 3))
    elif chance < 0.5 and task["annotations"]:
        server.take_back(task["id"])
    elif chance < 0.55:
        say(ground, server, task, "no such answer", 1)


def say(
    ground: Ground, server: FakeLabelStudio, task: Record, answer: str | None, person: int
) -> None:
    """Give an answer, a number where numbers are asked for."""
    made = server.answer(task["id"], answer, person)
    if ground.is_of_numbers and answer is not None:
        is_word = answer in CLASSES or " " in answer
        number = answer if is_word else float(answer)
        made["result"] = [{"from_name": "answer", "type": "number", "value": {"number": number}}]


def _meddle(rng: random.Random, server: FakeLabelStudio) -> None:
    """Delete a task or a project, alter a task, or add one that is not ours."""
    what = rng.randrange(4)
    tasks = list(server.board)
    if what == 0 and tasks:
        server.delete_task(rng.choice(tasks))
    elif what == 1 and server.boards:
        server.delete_project(rng.choice(list(server.boards)))
    elif what == 2 and tasks:
        server.alter(rng.choice(tasks), {"row": {"x": "altered"}})
    elif server.boards:
        data = rng.choice(
            ({"prediction_id": "0" * 32}, {"text": "foreign"}, {"prediction_id": ["odd"]})
        )
        server.plan = []
        server.import_tasks(rng.choice(list(server.boards)), [{"data": data, "meta": {"a": [1]}}])


def answer_all(ground: Ground, console: Console) -> None:
    """Let one person answer every task that is there."""
    known = ground.ids()
    if console.people:
        _by_api(ground, console.people, 1.0)
        return
    with console.server.held() as server:
        server.plan = []
        server.catch_up()
        for task in list(server.board.values()):
            row = known.get(str(task["data"].get("prediction_id")))
            if row and not task["annotations"]:
                say(ground, server, task, ground.truth(*row), 9)


def _by_api(ground: Ground, people: People, share: float) -> None:
    """Answer a share of the tasks of the job's projects, as the label page does."""
    known = ground.ids()
    for project in people.client.projects():
        if str(project["title"]).startswith((f"{JOB}: ", f"{JOB} ")):
            asked = sorted(people.tasks(project["id"]).keys() & known.keys())
            said = {
                name: ground.truth(*known[name]) for name in asked if ground.rng.random() < share
            }
            people.answer(project["id"], said)


def file_of_some(ground: Ground) -> Path:
    """Write a file of answers: of drawn rows and others, of unknown ones, and not all valid."""
    rng, rows = ground.rng, []
    for batch, place in rng.sample(list(ground.rows()), 25):
        key = ground.batches[batch][place]["key"]
        answer = (
            ground.truth(batch, key) if rng.random() < 0.8 else rng.choice(("maybe", "", "cat"))
        )
        minute = rng.randrange(60)
        when = rng.choice(("", f"2026-02-01T10:{minute:02d}:00Z"))
        rows.append((key, batch, answer, rng.choice(_NAMES), when))
    rows.append(("nobody", "part 0", "cat", "ann", ""))
    return _written(ground.folder / f"answers-{rng.randrange(3)}.csv", rows)


def file_of_all(ground: Ground) -> Path:
    """Write a file in which one person answers every row, rightly."""
    rows = [
        (row["key"], batch, ground.truth(batch, row["key"]), "settler", "2026-03-01T00:00:00Z")
        for batch, rows in ground.batches.items()
        for row in {row["key"]: row for row in rows if row["key"]}.values()
    ]
    return _written(ground.folder / "answers-all.csv", rows)


def odd_file(ground: Ground) -> Path:
    """Write a file that is no answers at all."""
    path = ground.folder / "answers-odd"
    content = ground.rng.choice(
        ("", "a,b\n1,2\n", "[{}]", json.dumps({"a": 1}), "key,batch,answer\n")
    )
    path.write_text(content)
    return path


def _written(path: Path, rows: Iterable[tuple[str, ...]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_FIELDS)
        writer.writerows(rows)
    return path
