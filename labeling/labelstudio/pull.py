"""Pull: the answers that changed since the last one, and those that were taken back.

A task's `updated_at` moves with each answer, change, skip and deletion of an
answer; a deleted task leaves no trace. So a pull reads the tasks that moved, and
all of them when the server's count of answers says that something is gone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from labeling.answers.intake import Answer, Held, taken_back
from labeling.answers.task_answers import answers_of, as_time, task_of
from labeling.labelstudio.client import LabelStudio, Record, each_task, every, one_of
from labeling.labelstudio.known_tasks import batched
from labeling.labelstudio.projects import Project
from labeling.questions.survey import Survey

OVERLAP = timedelta(seconds=60)  # read again: an answer may be stored after a later one is seen
FULL = 50  # tasks with all that people saw, per request
_MOVED = ("id", "updated_at", "total_annotations", "cancelled_annotations")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The point up to which a project was read, by the server's clock; its loss costs a full read.

    `foreign` counts the answers of tasks that are none of ours, by task.
    """

    origin: str
    updated_at: str
    foreign: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the cursor as text, to store."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Cursor:
        """Return the cursor that `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class PullResult:
    """Answers as they are now, tombstones included, and where to go on.

    Store the cursor after the answers: lost between the two, a pull only
    reads again what is already known.
    """

    answers: tuple[Answer, ...]
    cursor: Cursor | None


def pull(
    server: LabelStudio,
    project: Project,
    survey: Survey,
    held: Held,
    drawn: Collection[str],
    *,
    cursor: Cursor | None,
) -> PullResult:
    """Read what changed since the cursor, or everything where that is not enough.

    Args:
        server: where the project is.
        project: of this job and purpose.
        survey: what the job asks.
        held: the answers that the store has.
        drawn: the prediction ids that people were asked about.
        cursor: of the last pull, if any.

    Returns:
        The answers that changed, and the next cursor.

    Raises:
        LabelStudioUnreachable, LabelStudioRefused: see `client`.
    """
    if cursor is not None and cursor.origin != project.origin:
        cursor = None
    here = _Answers(server, project, survey, held, drawn)
    before = here.count()
    pulled = here.read(cursor)
    if cursor is not None:
        low, high = sorted((before, here.count()))
        if not low <= here.expected(pulled) <= high:
            pulled = here.read(None)
    return pulled


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers of one project, on the server and in the store."""

    server: LabelStudio
    project: Project
    survey: Survey
    held: Held
    drawn: Collection[str]

    def read(self, cursor: Cursor | None) -> PullResult:
        newest = self._newest()  # asked first: what moves while we read is read next time
        moved = self._moved(cursor)
        tasks = list(self._full([task for task, count in moved.items() if count]))
        answers = [answer for task in tasks for answer in self._of(task)]
        gone = self._gone(
            {answer.annotation_id for answer in answers}, None if cursor is None else moved
        )
        if newest is None:
            return PullResult(tuple(taken_back(gone)), None)
        foreign = {} if cursor is None else dict(cursor.foreign)
        foreign = {task: count for task, count in foreign.items() if int(task) not in moved}
        foreign |= {
            str(task["id"]): len(task["annotations"]) for task in tasks if self._is_foreign(task)
        }
        return PullResult(
            (*answers, *taken_back(gone)), Cursor(self.project.origin, newest, foreign)
        )

    def count(self) -> int:
        """Return the answers and skips in the project, by its own count."""
        record = self.server.project(self.project.id)
        return int(record["total_annotations_number"] + record["skipped_annotations_number"])

    def expected(self, pulled: PullResult) -> int:
        """Return how many it should have, by what the store has and what was read now."""
        now = dict(self.held.now) | {answer.annotation_id: answer for answer in pulled.answers}
        ours = sum(
            answer.source == self.project.source
            and answer.state != "deleted"
            and answer.prediction_id in self.drawn
            for answer in now.values()
        )
        return ours + sum(pulled.cursor.foreign.values() if pulled.cursor else ())

    def _newest(self) -> str | None:
        query = {"ordering": ["-tasks:updated_at"]}
        tasks = self.server.tasks(self.project.id, query, ("id", "updated_at"), limit=1)
        return as_time(tasks[0]["updated_at"]).isoformat() if tasks else None

    def _moved(self, cursor: Cursor | None) -> dict[int, int]:
        """Return the tasks that moved since the cursor, with their numbers of answers and skips."""
        since = [] if cursor is None else [_since(cursor)]
        return {
            int(task["id"]): int(task["total_annotations"] + task["cancelled_annotations"])
            for task in each_task(self.server, self.project.id, _MOVED, *since)
        }

    def _full(self, ids: Sequence[int]) -> Iterator[Record]:
        for some in batched(ids, FULL):
            yield from self.server.tasks(
                self.project.id, {"filters": every(one_of("id", some))}, ()
            )

    def _of(self, task: Record) -> Iterator[Answer]:
        return answers_of(task, self.survey.question, self.survey.answers, self.project.source)

    def _gone(self, there: Collection[str], moved: Collection[int] | None) -> list[Answer]:
        """Return the answers that the store has of these tasks (None: of all) and the project has not."""
        return [
            answer
            for answer in self.held.now.values()
            if answer.source == self.project.source and answer.annotation_id not in there
            if moved is None or task_of(answer) in moved
        ]

    def _is_foreign(self, task: Record) -> bool:
        return task["data"].get("prediction_id") not in self.drawn


def _since(cursor: Cursor) -> Record:
    since = as_time(cursor.updated_at) - OVERLAP
    return {
        "filter": "filter:tasks:updated_at",
        "operator": "greater_or_equal",
        "type": "Datetime",
        "value": f"{since:%Y-%m-%dT%H:%M:%S.%fZ}",  # any other form is answered by 500
    }
