"""The promises P1-P8, checked on the user's own store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions import leaks, ledger, views
from functions.app import App
from functions.promises import (
    Promise,
    answers_count_once,
    batches_are_whole,
    estimates_repeat,
    rows_add_up,
    scoring_repeats,
    verdict,
)
from functions.steps import connection
from functions.steps.shown import shown_columns
from infra import signing
from labeling.questions.shown import names_in, shown_keys, table_keys
from pipelines.errors import PackageRefused, RecheckError, VersionsDiffer
from pipelines.models.package import open_package

if TYPE_CHECKING:
    from labeling.labelstudio.known_tasks import Found

Question = tuple[str, str]  # prediction_id, shown_digest

_WAY_OUT = (
    "restore what that names from a backup of the store, or score its batch with --replace; "
    "if nothing is missing there, please report these words as a defect of Recheck"
)


def examine(app: App) -> list[Promise]:
    """Check every promise; one that cannot be checked says why."""
    checks: dict[str, Callable[[App], Promise]] = {
        "P1": batches_are_whole,
        "P2": scoring_repeats,
        "P3": rows_add_up,
        "P4": _one_task_each,
        "P5": answers_count_once,
        "P6": estimates_repeat,
        "P7": _packages_are_signed,
        "P8": _nothing_leaks,
        "connection": _label_studio_answers,
    }
    return [_checked(name, check, app) for name, check in checks.items()]


def _checked(name: str, check: Callable[[App], Promise], app: App) -> Promise:
    try:
        return check(app)
    except RecheckError as error:
        return Promise(name, None, f"cannot be checked: {error.problem}; {error.fix}")
    except Exception as error:  # noqa: BLE001 - whatever breaks one check, the others are told
        words = f"{type(error).__name__}: {error}".rstrip(": ")
        return Promise(name, False, f"the check broke off: {words}; {_WAY_OUT}")


def _one_task_each(app: App) -> Promise:
    """P4: each question that was pushed and still stands has the one task that a push would leave."""
    from labeling.labelstudio import projects
    from labeling.labelstudio.known_tasks import find_tasks

    problems: list[str] = []
    gone = count = copied = stale = 0
    question = connection.survey(app).question
    with connection.connect(app) as server:
        for purpose in connection.PURPOSES:
            marker = projects.project_marker(app.job.sampling.seed, app.job.name, purpose)
            project = projects.find_project(server, marker)
            current = connection.digests(app, purpose).items()
            asked = connection.asked(app, server.url, purpose).keys() & current
            if project is None:
                gone += len(asked)
                continue
            board = _board(find_tasks(server, project.id, question), asked)
            problems += board.problems(project.id)
            count += len(asked)
            copied += board.copied
            stale += board.stale
    if gone and not problems:
        return Promise(
            "P4",
            None,
            f"{gone} questions were pushed to a project that is not at {server.url} any more; their "
            "answers stay; `recheck push` makes a new project, with a task for each",
        )
    return verdict("P4", problems, _one_each(count, copied, stale))


def _one_each(count: int, copied: int, stale: int) -> str:
    """What stands on the boards where P4 holds.

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
    there: Counter[Question]
    waiting: Counter[Question]  # of these, without an answer
    altered: Counter[str]  # without an answer, by prediction: the next push removes them
    stale: int  # altered and answered: they stay

    @property
    def copied(self) -> int:
        return sum(self.there[question] > 1 for question in self.asked)

    def problems(self, project: int) -> Iterator[str]:
        """Questions without a task, and those with one too many that the next push would remove."""
        for question in sorted(self.asked):
            there, altered = self.there[question], self.altered[question[0]]
            # several answered tasks are kept: an answer is never removed, and counts once
            if there == 0 or altered or (there > 1 and self.waiting[question]):
                words = f"question {question[0]} has {there} tasks in project {project}"
                yield words + (f" and {altered} that somebody altered there" if altered else "")


def _board(tasks: Collection[Found], asked: Collection[Question]) -> _Board:
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


def _packages_are_signed(app: App) -> Promise:
    if app.job.model is None:
        return Promise("P7", True, "the job runs no model of its own")
    trusted = signing.trusted_keys(app.settings.trusted_keys, app.settings.signing_key)
    used = {attempt.version for attempt in ledger.live(app.store, app.job.name).values()}
    folders = [app.store.models(app.job.model.name) / version for version in sorted(used)]
    broken, unlike = [], []
    for folder in folders:
        try:
            open_package(folder, verify=signing.verifier(trusted))
        except VersionsDiffer as error:
            unlike.append(f"{folder.name} is signed, but {error.problem}: {error.fix}")
        except PackageRefused as error:
            broken.append(f"{folder.name}: {error.problem}")
    if unlike and not broken:
        return Promise("P7", None, "; ".join(unlike))
    return verdict(
        "P7",
        broken,
        f"{len(folders)} packages in use are signed by a trusted key, whole, and compute what they did",
    )


def _nothing_leaks(app: App) -> Promise:
    """Only columns that may be shown are in samples, and no key of ours lies in the store."""
    columns = shown_columns(app.job)
    allowed = {column.name for column in columns if column.kind == "tabular"}
    keys = {*table_keys(columns), *shown_keys(columns)}
    problems = []
    for row in views.current_samples(app).to_pylist():
        shown = json.loads(row["shown"])
        strangers = (shown.keys() - keys) | (names_in(shown) - allowed)
        if strangers:
            problems.append(f"{row['prediction_id']} shows {', '.join(sorted(strangers))}")
    leaked, looked = _secrets_in(app)
    return verdict(
        "P8",
        problems + leaked,
        f"tasks show {len(columns)} allowed columns and nothing else; {looked}",
    )


def _secrets_in(app: App) -> tuple[list[str], str]:
    """The files that hold the access token, and where it was looked for."""
    access = app.label_studio
    if not access:
        return [], "no access token is known here to look for in the store"
    search = leaks.search(app.store.folder, access.key.get_secret_value())
    names = [path.relative_to(app.store.folder) for path in search.found]
    leaked = [f"{name} holds the access token of Label Studio" for name in names]
    return leaked, f"no access token lies in {search.extent}"


def _label_studio_answers(app: App) -> Promise:
    with connection.connect(app) as server:
        found = len(server.projects())
    return Promise("connection", True, f"{server.url} answers, with {found} projects")
