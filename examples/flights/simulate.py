"""Let the simulated labelers answer in Label Studio, through its own API, as people would.

Run it as `python -m examples.flights.simulate PROJECT TRUTH.parquet --today 2013-04-20`, where
TRUTH has the columns prediction_id, answer and time. The server's address and key are
LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from examples.flights import prepare
from examples.flights.labelers import Labelers, Reply, Truth

PAGE = 500  # tasks a request
AT_ONCE = 8  # requests; measured: 13-26 answers a second, no error

# People mistake a late arrival for a punctual one more often than the other way round.
LABELERS = Labelers(
    answers=prepare.ANSWERS,
    seed="flights",
    errors={prepare.LATE: 0.05, prepare.ON_TIME: 0.03, prepare.NEVER_ARRIVED: 0.01},
)


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the project."""

    id: int
    prediction_id: str
    wanted: int  # answers
    given: int  # answers


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call did and what it left."""

    answered: int  # answers
    corrected: int  # answers
    left_open: int  # questions that were due and stay for the reader
    waiting: int  # questions whose answers are not due
    never: int  # questions that nobody ever answers
    unknown: int  # questions without a truth


class Project:
    """The few calls of Label Studio's API that answering needs."""

    def __init__(self, client: httpx.Client, project: int) -> None:
        self.id, self._client = project, client
        config = ET.fromstring(self._get(f"/api/projects/{project}/")["label_config"])
        control = next(config.iter("Choices"))
        self._names = {"from_name": control.get("name"), "to_name": control.get("toName")}

    def tasks(self) -> Iterator[Task]:
        """Yield all tasks, in the order in which they were made."""
        page, pages = 0, 1
        while page < pages:
            page += 1
            answer = self._get("/api/tasks", project=self.id, page=page, page_size=PAGE, **_FIELDS)
            pages = math.ceil(answer["total"] / PAGE)
            yield from map(_task, answer["tasks"])

    def people(self, count: int) -> list[int]:
        """Return the user ids of so many simulated people; whoever is missing is made."""
        ids = {user["email"]: user["id"] for user in self._get("/api/users/")}
        for account in map(_account, range(1, count + 1)):
            if account["email"] not in ids:
                ids[account["email"]] = self._send("POST", "/api/users/", account)["id"]
        return [ids[_account(number)["email"]] for number in range(1, count + 1)]

    def annotate(self, task: Task, answer: str, *, seconds: float, person: int) -> None:
        """Answer a task as the person of that user id."""
        body = {"result": self._result(answer), "lead_time": seconds, "completed_by": person}
        self._send("POST", f"/api/tasks/{task.id}/annotations/", body)

    def correct(self, task: Task, answer: str, *, person: int) -> bool:
        """Change the answer that a person gave; say whether it was another one."""
        changed = False
        for row in self._get(f"/api/tasks/{task.id}/annotations/"):
            given = [one["value"]["choices"] for one in row["result"]]
            if row["completed_by"] == person and given != [[answer]]:
                self._send(
                    "PATCH", f"/api/annotations/{row['id']}/", {"result": self._result(answer)}
                )
                changed = True
        return changed

    def _result(self, answer: str) -> list[dict[str, Any]]:
        return [{**self._names, "type": "choices", "value": {"choices": [answer]}}]

    def _get(self, path: str, **query: str | int) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        return self._client.request(method, path, json=body).raise_for_status().json()


_FIELDS = {"include": "id,data,overlap,total_annotations"}  # the whole takes ten times longer


def connect(url: str, token: str) -> httpx.Client:
    """Return a client of the server at `url`, for its legacy token."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Token {token}"}, timeout=60)


def _task(row: Mapping[str, Any]) -> Task:
    prediction_id = str(row["data"]["prediction_id"])
    return Task(row["id"], prediction_id, row["overlap"], row["total_annotations"])


def _account(number: int) -> dict[str, str]:
    name = f"simulated-{number}"
    shown = {"first_name": "Simulated", "last_name": str(number)}
    return {"email": f"{name}@example.com", "username": name, **shown}


@dataclass(slots=True)
class Plan:
    """What there is to do in a project."""

    due: list[tuple[Task, list[Reply]]] = field(default_factory=list)
    to_correct: list[tuple[Task, Reply]] = field(default_factory=list)
    waiting: int = 0
    never: int = 0
    unknown: int = 0

    def add(self, task: Task, replies: Sequence[Reply], today: datetime) -> None:
        """Add what is left to do about one question."""
        done, rest = replies[: task.given], replies[task.given :]
        due = [reply for reply in rest if reply.given <= today]
        self.due += [(task, due)] if due else []
        self.to_correct += [(task, reply) for reply in done if reply.is_corrected_by(today)]
        self.waiting += bool(rest) and not due
        self.never += not replies


def plan(
    tasks: Iterable[Task], truths: Mapping[str, Truth], labelers: Labelers, today: datetime
) -> Plan:
    """Return what the simulated people have left to do by `today`."""
    made = Plan()
    for task in tasks:
        if truth := truths.get(task.prediction_id):
            made.add(task, labelers.replies(task.prediction_id, truth, task.wanted), today)
        else:
            made.unknown += 1
    return made


def answer(
    project: Project,
    truths: Mapping[str, Truth],
    labelers: Labelers,
    *,
    today: datetime,
    leave_open: int = 0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Answered:
    """Do what the simulated people do until `today`, but for what they have done already.

    Args:
        project: where the questions are.
        truths: by prediction id.
        labelers: how they behave.
        today: on the clock of `truths`.
        leave_open: so many of the questions that nobody has touched, the last
            ones, stay open for the reader; a repeat leaves the same ones.
        progress: is told how many of how many answers are given.
    """
    todo = plan(project.tasks(), truths, labelers, today)
    untouched = [task.id for task, _ in todo.due if not task.given]
    left_open = set(untouched[-leave_open:] if leave_open else [])
    due = [(task, replies) for task, replies in todo.due if task.id not in left_open]
    total = sum(len(replies) for _, replies in due)
    ids = project.people(labelers.people)

    to_correct = [
        *todo.to_correct,
        *(
            (task, reply)
            for task, replies in due
            for reply in replies
            if reply.is_corrected_by(today)
        ),
    ]

    def give(one: tuple[Task, list[Reply]]) -> int:
        task, replies = one
        for reply in replies:  # one after the other: the server counts two at once as one
            project.annotate(task, reply.first, seconds=reply.seconds, person=ids[reply.person])
        return len(replies)

    def correct(one: tuple[Task, Reply]) -> bool:
        task, reply = one
        return project.correct(task, reply.answer, person=ids[reply.person])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in accumulate(pool.map(give, due)):
            progress(done, total)
        corrected = sum(pool.map(correct, to_correct))
    return Answered(total, corrected, len(left_open), todo.waiting, todo.never, todo.unknown)


def truths_of(samples: pa.Table, flights: pa.Table) -> dict[str, Truth]:
    """Return what happened to the sampled flights, by prediction id.

    Args:
        samples: has prediction_id, and key: the JSON array of prepare.KEY.
        flights: has the columns of prepare.KEY, prepare.TARGET and prepare.TIME.
    """
    keys = zip(*(flights[name].cast(pa.string()).to_pylist() for name in prepare.KEY), strict=True)
    outcomes, times = (flights[name].to_pylist() for name in (prepare.TARGET, prepare.TIME))
    known = dict(zip(keys, map(Truth, outcomes, times), strict=True))
    sampled = samples.select(["prediction_id", "key"]).to_pylist()
    found = ((row["prediction_id"], tuple(map(str, json.loads(row["key"])))) for row in sampled)
    return {prediction_id: known[key] for prediction_id, key in found if key in known}


def main() -> None:
    """Answer what is due in one project, and print what was done as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=int, help="its id in Label Studio")
    parser.add_argument("truth", type=Path, help="Parquet: prediction_id, answer, time")
    parser.add_argument("--today", type=datetime.fromisoformat, required=True)
    parser.add_argument("--leave-open", type=int, default=0, metavar="N")
    given = parser.parse_args()
    rows = pq.read_table(given.truth).to_pylist()
    truths = {row["prediction_id"]: Truth(row["answer"], row["time"]) for row in rows}
    client = connect(os.environ["LABEL_STUDIO_URL"], os.environ["LABEL_STUDIO_API_KEY"])
    done = answer(
        Project(client, given.project),
        truths,
        LABELERS,
        today=given.today,
        leave_open=given.leave_open,
        progress=lambda n, total: print(f"\r{n} of {total} answers", end="", file=sys.stderr),
    )
    print(json.dumps(asdict(done)))


if __name__ == "__main__":
    main()
