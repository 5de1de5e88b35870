"""Push: each question becomes exactly one task, whatever was lost on the way.

Label Studio has no unique key for tasks: the same import twice makes all of
them twice, and an import whose reply was lost, or whose sender was killed, may
have happened or may be happening still. So a push looks at what is there,
sends what is missing, looks again, and removes unanswered doubles. Two pushes
at once, or an import that outlives its push, make doubles at worst, and the
next push removes them. No answer is ever removed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from labeling.answers.set_aside import SetAside
from labeling.labelstudio.client import LabelStudio, Record, one_of
from labeling.labelstudio.known_tasks import Key, KnownTask, find_tasks
from labeling.labelstudio.listing import batched
from labeling.labelstudio.projects import Project
from labeling.questions.tasks import Task
from pipelines.errors import LabelStudioUnreachable
from pipelines.tables.files import Files

CHUNK = 500  # tasks of one import: the server makes 250 to 1,700 a second
CHUNK_BYTES = 8_000_000  # of one import, for tasks with pictures
PATIENCE = 10.0  # seconds that an import may still run after its sender is gone
ROUNDS = 3  # imports of the same task before giving up
PAUSE = 0.5  # seconds between two looks

Progress = Callable[[int, int], None]  # tasks done, of


@dataclass(frozen=True, slots=True)
class PushResult:
    """The outcome of a push. `tasks` has the task id of every prediction."""

    created: int
    existing: int
    removed: int
    tasks: Mapping[str, int]
    unreadable: tuple[str, ...] = ()  # tasks of the project that cannot be read, in words


@dataclass(frozen=True, slots=True)
class Journal:
    """A note of the import that is under way, for the push after one that was killed."""

    files: Files
    name: str

    def begin(self, origin: str, chunk: Sequence[Task]) -> None:
        """Note which tasks are about to be sent."""
        intent = {"origin": origin, "first": _key(chunk[0]), "last": _key(chunk[-1])}
        self.files.put(self.name, json.dumps(intent).encode())

    def end(self) -> None:
        """Remove the note: nothing is under way any more."""
        self.files.delete(self.name)

    def left(self, origin: str) -> tuple[list[Key], float]:
        """Return the first and last question of a killed import, and for how many seconds it may still run."""
        stat = self.files.head(self.name)
        if stat is None:
            return [], 0.0
        age = time.time() - stat.modified / 1000
        try:
            intent = json.loads(self.files.read(self.name))
            if intent["origin"] != origin:  # of a project that is gone
                return [], 0.0
            return [_pair(intent["first"]), _pair(intent["last"])], PATIENCE - age
        except (ValueError, TypeError, LookupError, RecursionError):  # nothing that `begin` wrote
            return [], 0.0


def push(
    server: LabelStudio,
    project: Project,
    tasks: Sequence[Task],
    journal: Journal,
    progress: Progress = lambda _done, _of: None,
    *,
    dropped: Collection[str] = (),
) -> PushResult:
    """Make the tasks that the project lacks, in their order. Safe to repeat.

    An unanswered task of the same prediction that shows or asks something else
    is removed; an answered one stays, and its answer is stale. The same holds
    for tasks that somebody altered there, and for those of predictions that
    nobody asks about any more.

    Args:
        server: where the project is.
        project: of this job and purpose.
        tasks: one per prediction, in the order in which people get them.
        journal: a file of this project's own, on this machine.
        progress: is called with the tasks done and all.
        dropped: prediction ids that were asked about earlier.

    Returns:
        What was created, was there before and was removed.

    Raises:
        LabelStudioUnreachable: the server does not answer; what was sent until
            then stays, and a repeat goes on from there.
        LabelStudioRefused: see `client`.
    """
    here = _Tasks(server, project, journal, {_key(task): task for task in tasks}, dropped)
    here.wait_for(*journal.left(project.origin))
    before = here.look()
    created = len(here.missing(before))
    kept, surplus = _sorted_out(here.complete(before, progress), here.wanted)
    here.remove(surplus)
    here.staff(kept.values())
    ids = {key[0]: task.id for key, task in kept.items()}
    return PushResult(created, len(tasks) - created, len(surplus), ids, here.aside.named)


def count_missing(server: LabelStudio, project: Project, tasks: Sequence[Task]) -> int:
    """Count the tasks that a push would make now; nothing is sent.

    Args:
        server: where the project is.
        project: of this job and purpose.
        tasks: one per prediction.

    Returns:
        The number of questions without a task.
    """
    wanted = {_key(task): task for task in tasks}
    there = {task.key for task in _of_predictions(server, project, wanted, (), SetAside())}
    return len(wanted.keys() - there)


@dataclass(frozen=True, slots=True)
class _Tasks:
    """The tasks of one push, here and on the server."""

    server: LabelStudio
    project: Project
    journal: Journal
    wanted: Mapping[Key, Task]
    dropped: Collection[str]
    aside: SetAside = field(default_factory=SetAside)

    def missing(self, found: Iterable[KnownTask]) -> list[Task]:
        there = {task.key for task in found}
        return [task for key, task in self.wanted.items() if key not in there]

    def look(self) -> list[KnownTask]:
        """Return the tasks of our predictions, now and earlier, whatever they show, by ascending id."""
        return _of_predictions(self.server, self.project, self.wanted, self.dropped, self.aside)

    def complete(self, there: list[KnownTask], progress: Progress) -> list[KnownTask]:
        """Send what is missing until it is there; return the tasks as they are then.

        Raises:
            LabelStudioUnreachable: some were lost again and again.
        """
        for _ in range(ROUNDS):
            if missing := self.missing(there):
                self.send(missing, progress)
                there = self.look()
        if missing := self.missing(there):
            raise LabelStudioUnreachable(
                f"Label Studio at {self.server.url} lost {len(missing)} of {len(self.wanted)} tasks",
                fix="repeat `push` later: it sends only what is missing",
            )
        self.journal.end()
        return there

    def remove(self, tasks: Sequence[int]) -> None:
        """Delete tasks that nobody has answered."""
        for some in batched(tasks):
            self.server.delete_unanswered(self.project.id, some)

    def send(self, tasks: Sequence[Task], progress: Progress) -> None:
        """Import what is missing; when a reply is lost, stop and wait for the tasks."""
        done = 0
        for chunk in _chunks(tasks):
            self.journal.begin(self.project.origin, chunk)
            try:
                self.server.import_tasks(self.project.id, [dict(task.content) for task in chunk])
            except LabelStudioUnreachable:
                self.wait_for([_key(chunk[0]), _key(chunk[-1])], PATIENCE)
                return
            done += len(chunk)
            progress(done, len(tasks))

    def wait_for(self, keys: Collection[Key], seconds: float) -> None:
        """Wait until the tasks are there, or so much time has passed that they will not come."""
        deadline = time.monotonic() + seconds
        while keys and time.monotonic() < deadline:
            ours = _of([prediction_id for prediction_id, _ in keys])
            question = _question(self.wanted)
            found = find_tasks(self.server, self.project.id, question, ours, aside=self.aside)
            if {task.key for task in found}.issuperset(keys):
                return
            time.sleep(PAUSE)

    def staff(self, kept: Iterable[KnownTask]) -> None:
        """Ask for more people where a question is for several."""
        for task in kept:
            count = self.wanted[task.key].annotators
            if task.annotators < count:
                self.server.set_annotators(task.id, count)


def _of_predictions(
    server: LabelStudio,
    project: Project,
    wanted: Mapping[Key, Task],
    dropped: Collection[str],
    aside: SetAside,
) -> list[KnownTask]:
    """Return the tasks of these predictions; the project is listed where that takes fewer requests."""
    now = (prediction_id for prediction_id, _ in wanted)
    ids = list(dict.fromkeys([*now, *dropped]))
    question = _question(wanted)
    size = int(server.project(project.id)["task_number"] or 0)
    if size <= 3 * len(ids):
        listed = find_tasks(server, project.id, question, aside=aside)
        mine = set(ids)
        return [task for task in listed if task.predictions & mine]
    tasks = [
        task
        for some in batched(ids)
        for task in find_tasks(server, project.id, question, _of(some), aside=aside)
    ]
    return sorted(tasks, key=lambda task: task.id)


def _sorted_out(
    found: Sequence[KnownTask], wanted: Container[Key]
) -> tuple[dict[Key, KnownTask], list[int]]:
    """Choose the task of each question, and the ids of those to remove.

    Answered tasks stay, all of them; of the others the oldest, where no
    answered one shows the same. Every run decides alike.
    """
    kept: dict[Key, KnownTask] = {}
    for task in sorted(found, key=lambda task: (not task.is_answered, task.id)):
        if task.key in wanted:
            kept.setdefault(task.key, task)
    staying = {task.id for task in kept.values()}
    return kept, [task.id for task in found if task.id not in staying and not task.is_answered]


def _chunks(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Cut tasks into runs of at most `CHUNK`, and of about `CHUNK_BYTES`."""
    chunk: list[Task] = []
    size = 0
    for task in tasks:
        length = len(json.dumps(task.content))
        if chunk and (len(chunk) == CHUNK or size + length > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(task)
        size += length
    if chunk:
        yield chunk


def _of(prediction_ids: Sequence[str]) -> Record:
    return one_of("data.prediction_id", prediction_ids)


def _pair(value: Sequence[str]) -> Key:
    prediction, digest = value
    return str(prediction), str(digest)


def _question(wanted: Mapping[Key, Task]) -> str:
    """Return the question that these tasks ask."""
    return next((str(task.content["meta"]["question"]) for task in wanted.values()), "")


def _key(task: Task) -> Key:
    return task.prediction_id, task.shown_digest
