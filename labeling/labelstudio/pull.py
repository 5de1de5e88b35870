"""Pull: reads the answers that changed or were deleted since the last pull.

Label Studio sets a task's `updated_at` whenever an answer is given, changed,
skipped or deleted. A deleted task leaves no trace. A pull therefore reads the
tasks that were updated since the last pull. It reads all tasks if the server's
count of answers differs from what the pull expects.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from labeling.answers.intake import DELETED, Answer, Held, taken_back
from labeling.answers.set_aside import SetAside
from labeling.answers.task_answers import answers_of, as_time, task_of
from labeling.labelstudio.client import LabelStudio, Record, one_of
from labeling.labelstudio.listing import batched, each_task, tasks_by_id
from labeling.labelstudio.projects import Project
from labeling.questions.survey import Survey
from labeling.questions.tasks import prediction_of

# before the cursor, read again: an earlier answer may be stored later
OVERLAP = timedelta(seconds=60)
FULL = 50  # tasks per request, each with all its columns and annotations
_COUNTED = ("id", "updated_at", "total_annotations", "cancelled_annotations")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The time up to which a project was read, by the server's clock.

    Without a cursor, a pull reads the whole project. `foreign` has the number of
    answers that the store does not take, by task id: to tasks that Recheck did
    not make, and such as cannot be read. Tasks in `unread` are read again each time.
    """

    origin: str
    updated_at: str
    foreign: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[int, ...] = ()

    def to_json(self) -> str:
        """Return the cursor as text, to store."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Cursor:
        """Return the cursor that `to_json` wrote.

        Raises:
            ValueError: the text is something else.
        """
        try:
            stored = json.loads(text)
            cursor = cls(**stored | {"unread": tuple(stored.get("unread", ()))})
            as_time(cursor.updated_at)
            whole = (*map(int, cursor.foreign), *cursor.foreign.values(), *cursor.unread)
        except (TypeError, AttributeError, RecursionError) as error:
            raise ValueError("no cursor") from error
        if not all(type(number) is int for number in whole):
            raise ValueError("no cursor")
        return cursor


@dataclass(frozen=True, slots=True)
class PullResult:
    """Answers as they are now, deleted ones included, and the next cursor.

    Store the answers first, then the cursor. If the cursor is not stored, the
    next pull only reads the same answers again. `unreadable` has the tasks whose
    content, or an answer in them, cannot be read, with the reason: what the store
    has of these tasks stays as it is.
    """

    answers: tuple[Answer, ...]
    cursor: Cursor | None
    unreadable: Mapping[str, str] = field(default_factory=dict)


def pull(
    server: LabelStudio,
    project: Project,
    survey: Survey,
    held: Held,
    drawn: Collection[str],
    *,
    cursor: Cursor | None,
) -> PullResult:
    """Read the answers that changed since the cursor, or all if the server's count differs.

    Args:
        server: the Label Studio that has the project.
        project: the project of this job and purpose.
        survey: the question of the job and its allowed answers.
        held: the answers that the store has.
        drawn: the prediction ids that people were asked about.
        cursor: the cursor of the last pull; None to read everything.

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
        newest = self._newest()  # asked first: what is updated meanwhile is read next time
        updated, aside = self._updated(cursor), SetAside()
        tasks = list(self._full([task for task, count in updated.items() if count], aside))
        answers = [answer for task in tasks for answer in self._of(task, aside)]
        gone = self._gone(
            {answer.annotation_id for answer in answers}, None if cursor is None else updated
        )
        gone = [answer for answer in gone if task_of(answer) not in aside.tasks]
        found = (*answers, *taken_back(gone))
        if newest is None:
            return PullResult(found, None, aside.reasons)
        foreign = {} if cursor is None else dict(cursor.foreign)
        foreign = {task: count for task, count in foreign.items() if int(task) not in updated}
        foreign |= {
            str(task["id"]): len(task["annotations"]) for task in tasks if self._is_foreign(task)
        }
        foreign |= self._not_taken(aside.tasks, updated, answers)
        cursor = Cursor(self.project.origin, newest, foreign, tuple(sorted(aside.tasks)))
        return PullResult(found, cursor, aside.reasons)

    def _not_taken(
        self, tasks: Collection[int], updated: Mapping[int, int], answers: Sequence[Answer]
    ) -> dict[str, int]:
        """Count the answers to these tasks that the store does not take, by task id."""
        ours: Counter[int | None] = Counter()
        if tasks:
            ours.update(map(task_of, self._counted(answers)))
        return {str(task): max(updated[task] - ours[task], 0) for task in tasks}

    def count(self) -> int:
        """Return the number of answers and skips in the project, as Label Studio counts them."""
        record = self.server.project(self.project.id)
        return int(record["total_annotations_number"] + record["skipped_annotations_number"])

    def expected(self, pulled: PullResult) -> int:
        """Return the number of answers and skips expected, from the store and from this pull."""
        ours = sum(1 for _ in self._counted(pulled.answers))
        return ours + sum(pulled.cursor.foreign.values() if pulled.cursor else ())

    def _counted(self, answers: Sequence[Answer]) -> Iterator[Answer]:
        """Yield the answers of this project that the store has once these are in it."""
        now = dict(self.held.now) | {answer.annotation_id: answer for answer in answers}
        for answer in now.values():
            is_here = answer.source == self.project.source and answer.state != DELETED
            if is_here and answer.prediction_id in self.drawn:
                yield answer

    def _newest(self) -> str | None:
        query = {"ordering": ["-tasks:updated_at"]}
        tasks = self.server.tasks(self.project.id, query, ("id", "updated_at"), limit=1)
        return as_time(tasks[0]["updated_at"]).isoformat() if tasks else None

    def _updated(self, cursor: Cursor | None) -> dict[int, int]:
        """Return the tasks updated since the cursor: id to the number of answers and skips."""
        since = [] if cursor is None else [_since(cursor)]
        tasks = each_task(self.server, self.project.id, _COUNTED, *since)
        again = () if cursor is None else cursor.unread
        unread = (
            task
            for some in batched(again)
            for task in each_task(self.server, self.project.id, _COUNTED, one_of("id", some))
        )
        return {
            int(task["id"]): (task["total_annotations"] or 0) + (task["cancelled_annotations"] or 0)
            for task in (*tasks, *unread)
        }

    def _full(self, ids: Sequence[int], aside: SetAside) -> Iterator[Record]:
        for some in batched(ids, FULL):
            yield from tasks_by_id(self.server, self.project.id, some, (), aside)

    def _of(self, task: Record, aside: SetAside) -> Iterator[Answer]:
        return answers_of(
            task,
            self.survey,
            self.project.source,
            lambda reason: aside.note_task(task["id"], self.project.id, reason),
        )

    def _gone(self, present: Collection[str], tasks: Collection[int] | None) -> list[Answer]:
        """Return the answers to these tasks (None: all) that the store has and the project lacks."""
        return [
            answer
            for answer in self.held.now.values()
            if answer.source == self.project.source and answer.annotation_id not in present
            if tasks is None or task_of(answer) in tasks
        ]

    def _is_foreign(self, task: Record) -> bool:
        return prediction_of(task) not in self.drawn


def _since(cursor: Cursor) -> Record:
    since = as_time(cursor.updated_at) - OVERLAP
    return {
        "filter": "filter:tasks:updated_at",
        "operator": "greater_or_equal",
        "type": "Datetime",
        "value": f"{since:%Y-%m-%dT%H:%M:%S.%fZ}",  # Label Studio answers any other form with HTTP 500
    }
