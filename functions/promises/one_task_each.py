"""P4: each question that was pushed and still stands has exactly one task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions import label_studio
from functions.draws.designs import asked_otherwise
from functions.promises.promise import Promise, unchecked, verdict
from functions.tables import Views
from pipelines.columns.relations import where_in
from pipelines.job.job_file import Job
from pipelines.tables.purposes import VERIFY

if TYPE_CHECKING:
    from labeling.labelstudio.client import LabelStudio
    from labeling.labelstudio.known_tasks import KnownTask

Question = tuple[str, str]  # prediction_id, shown_digest


def one_task_each(job: Job, views: Views, server: LabelStudio) -> Promise:
    """P4: each question that was pushed and still stands has the one task that a push would leave.

    Args:
        job: the job file.
        views: of its tables.
        server: the Label Studio.

    Returns:
        The verdict; none where the project is gone.
    """
    from labeling.answers.set_aside import SetAside, set_aside_words
    from labeling.labelstudio import projects
    from labeling.labelstudio.known_tasks import find_tasks

    problems: list[str] = []
    aside = SetAside()
    gone = count = copied = stale = earlier = 0
    waiting = _asked_otherwise(job, views)
    for purpose in label_studio.PURPOSES:
        marker = projects.project_marker(job.sampling.seed, job.name, purpose)
        project = projects.find_project(server, marker)
        current = label_studio.digests(views, purpose).items()
        asked = label_studio.asked(views, server.url, purpose).keys() & current
        if purpose == VERIFY:
            earlier = len(asked & waiting)
            asked -= waiting
        if project is None:
            gone += len(asked)
            continue
        there = find_tasks(server, project.id, job.labeling.question, aside=aside)
        board = _board(there, asked)
        problems += board.problems(project.id)
        count += len(asked)
        copied += board.copied
        stale += board.stale
    if gone and not problems:
        return unchecked(
            "P4",
            f"{gone} questions were pushed to a project that is not at {server.url} any more; their "
            "answers stay; `recheck push` makes a new project, with a task for each",
        )
    unread = set_aside_words(aside.named)
    kept = _one_each(count, copied, stale) + (f"; {unread}" if unread else "")
    if earlier:
        kept += (
            f"; {earlier} more are as an earlier job file asked them, and wait for `recheck sample`"
        )
    return verdict("P4", [*problems, unread] if problems and unread else problems, kept)


def _asked_otherwise(job: Job, views: Views) -> set[Question]:
    """Return the questions of batches that the job file would show or ask otherwise by now."""
    batches = asked_otherwise(job, views)
    if not batches:
        return set()
    rows = where_in(views.current_samples(purpose=VERIFY), "batch", *batches)
    return set(
        zip(rows["prediction_id"].to_pylist(), rows["shown_digest"].to_pylist(), strict=True)
    )


def _one_each(count: int, copied: int, stale: int) -> str:
    """Describe the tasks of both projects where P4 holds.

    >>> _one_each(120, 2, 0)
    'each of 120 pushed questions has one task (2 have answered copies, which count once)'
    """
    beside = []
    if copied:
        beside.append(
            f"{copied} {'has' if copied == 1 else 'have'} answered copies, which count once"
        )
    if stale:
        verb = "was" if stale == 1 else "were"
        beside.append(
            f"{stale} more {verb} altered there after the push and answered, which is stale"
        )
    return f"each of {count} pushed questions has one task" + (
        f" ({'; '.join(beside)})" if beside else ""
    )


@dataclass(frozen=True, slots=True)
class _Board:
    """The tasks of the questions that were asked, counted by what they show now."""

    asked: Collection[Question]
    there: Counter[Question]  # tasks of each question
    waiting: Counter[Question]  # those without an answer
    altered: Counter[str]  # without an answer, by prediction: the next push removes these tasks
    stale: int  # altered tasks with an answer: they stay

    @property
    def copied(self) -> int:
        """Questions with more than one task."""
        return sum(self.there[question] > 1 for question in self.asked)

    def problems(self, project: int) -> Iterator[str]:
        """Yield questions without a task, and those with one too many that the next push would remove."""
        for question in sorted(self.asked):
            there, altered = self.there[question], self.altered[question[0]]
            # several answered tasks are kept: an answer is never removed, and counts once
            if there == 0 or altered or (there > 1 and self.waiting[question]):
                words = f"question {question[0]} has {there} tasks in project {project}"
                yield words + (f" and {altered} that somebody altered there" if altered else "")


def _board(tasks: Collection[KnownTask], asked: Collection[Question]) -> _Board:
    names = {prediction_id for prediction_id, _ in asked}
    altered = [
        task
        for task in tasks
        if task.is_altered and task.key not in asked and task.predictions & names
    ]
    return _Board(
        asked,
        Counter(task.key for task in tasks),
        Counter(task.key for task in tasks if not task.is_answered),
        Counter(name for task in altered if not task.is_answered for name in task.predictions),
        sum(task.is_answered for task in altered),
    )
