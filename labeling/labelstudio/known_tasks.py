"""Known tasks: those that a project has, and which question the answers to each are for.

What a task asks is read from its data, as `pull` reads it: somebody may have
changed it there. Data may hold pictures, so it is fetched only of tasks that
were changed after they were made: all others are as we sent them, and their
`meta` has the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from labeling.answers.set_aside import SetAside
from labeling.answers.task_answers import as_time
from labeling.labelstudio.client import LabelStudio, Record
from labeling.labelstudio.listing import batched, each_task, tasks_by_id
from labeling.questions.tasks import digest_of, prediction_of

READ = 50  # tasks with their data, per request
UNMOVED = timedelta(milliseconds=10)  # between the two times of a new task: 0.1 were measured
_TIMES = ("created_at", "updated_at")
_FIELDS = ("id", "meta", "overlap", "total_annotations", "cancelled_annotations", *_TIMES)

Key = tuple[str, str]  # prediction_id, shown_digest


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task of a project. `key` is the question that answers to it are for."""

    id: int
    key: Key
    made_for: Key  # as its `meta` says
    is_answered: bool  # a skip is an answer too
    annotators: int

    @property
    def is_altered(self) -> bool:
        """Whether its data differ from what we sent."""
        return self.key != self.made_for

    @property
    def predictions(self) -> set[str]:
        """The predictions that it names."""
        return {self.key[0], self.made_for[0]}


def find_tasks(
    server: LabelStudio, project: int, question: str, *conditions: Record, aside: SetAside
) -> list[KnownTask]:
    """Find the tasks that pass the conditions.

    Args:
        server: where the project is.
        project: its number.
        question: of the job, for tasks that do not keep their own.
        conditions: see `client`.
        aside: takes the tasks that cannot be read; they are not among those returned.

    Returns:
        The tasks, by ascending id.
    """
    records = list(each_task(server, project, _FIELDS, *conditions, aside=aside))
    moved = [record["id"] for record in records if _may_be_altered(record)]
    keys = {
        record["id"]: _shown(record, project, question, aside)
        for some in batched(moved, READ)
        for record in tasks_by_id(server, project, some, ("id", "meta", "data"), aside)
    }
    return [
        _known(record, keys.get(record["id"]))
        for record in records
        if record["id"] not in aside.tasks
    ]


def _shown(record: Record, project: int, question: str, aside: SetAside) -> Key:
    """Return the question that a task shows; where that cannot be read, the task is set aside."""
    try:
        return prediction_of(record), digest_of(record, question)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        aside.note_task(
            record["id"], project, f"what it shows cannot be read ({type(error).__name__})"
        )
        return "", ""


def _known(record: Record, key: Key | None) -> KnownTask:
    made_for = _made_for(record) or ("", "")
    answers = (record["total_annotations"] or 0) + (record["cancelled_annotations"] or 0)
    return KnownTask(record["id"], key or made_for, made_for, answers > 0, record["overlap"] or 1)


def _may_be_altered(record: Record) -> bool:
    created, updated = (as_time(record[name]) for name in _TIMES)
    return updated - created > UNMOVED or _made_for(record) is None


def _made_for(record: Record) -> Key | None:
    """Return the question in a task's `meta`; None where the task is not from us."""
    meta = record["meta"] if isinstance(record["meta"], dict) else {}
    named, digest = meta.get("prediction_id"), meta.get("shown_digest")
    return (named, digest) if isinstance(named, str) and isinstance(digest, str) else None
