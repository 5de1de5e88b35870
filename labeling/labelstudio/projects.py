"""Projects of Label Studio: the one of a job is found by its marker, and made when missing.

Titles repeat and ids are used again, so a project is known by a marker, an
opaque text, in its description. Beside it stands a digest of what we set last:
it tells a change of the job file, which we follow, from a change by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labeling.answers.task_answers import as_time
from labeling.labelstudio.client import LabelStudio, Record
from labeling.questions.label_page import config_differences, config_digest, label_config
from labeling.questions.readable import readable
from labeling.questions.survey import Survey, instructions_html
from pipelines.errors import LabelStudioRefused, ProjectChanged
from pipelines.identity.keyed_hash import subkey
from pipelines.tables.purposes import VERIFY

_KEEP = "Keep the next word: "
_LONGEST_TITLE = 50  # characters, for the server; 3 are the shortest
_MARK = re.compile(r"recheck:([0-9a-f]{32}):[0-9a-f]{16}:[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project that exists.

    `origin` names it for good: no later project, here or on another server,
    has the same, even where it gets the same id.
    """

    id: int
    url: str  # for people
    origin: str

    @property
    def source(self) -> str:
        """The `source` of answers that were made in it."""
        return f"labelstudio:{self.origin}"


def project_marker(seed: str, job: str, purpose: str) -> str:
    """Return the marker of a project.

    Args:
        seed: of the job, so that nobody can guess the marker.
        job: its name.
        purpose: `verify` or `train`.

    Returns:
        32 hexadecimal digits.
    """
    return subkey(seed, "project", job, purpose).hex()


def find_project(server: LabelStudio, marker: str) -> Project | None:
    """Return the project with the marker, the oldest of several (a copy has it too).

    Raises:
        LabelStudioUnreachable, LabelStudioRefused: see `client`.
    """
    marked = _marked(server, marker)
    return _project(server, marker, marked[0]) if marked else None


def ensure_project(server: LabelStudio, marker: str, title: str, survey: Survey) -> Project:
    """Find the project or make it, and see that it asks what the job file asks.

    Args:
        server: where it is, or is made.
        marker: see `project_marker`.
        title: names the job and the purpose.
        survey: what the job asks.

    Returns:
        The project.

    Raises:
        ProjectChanged: its label configuration was changed by hand, or cannot
            follow the job file because of the tasks and answers that it has.
        LabelStudioUnreachable, LabelStudioRefused: see `client`.
    """
    marked = _marked(server, marker)
    if not marked:
        _create(server, marker, title, survey)
        marked = _marked(server, marker)
    _follow(server, marker, title, marked[0], survey)
    return _project(server, marker, marked[0])


def _create(server: LabelStudio, marker: str, title: str, survey: Survey) -> None:
    """Make a project; where another run made one meanwhile, the older stays."""
    config = label_config(survey)
    made = server.create_project(
        {
            "title": _card(title, survey),
            "description": _about(title, survey) + _mark(marker, survey, config),
            "maximum_annotations": 1,  # more where a task says so
            "show_collab_predictions": False,
            "sampling": "Sequential sampling",  # in the order in which tasks are pushed
            **_asks(survey, config),
        }
    )
    if _marked(server, marker)[0]["id"] != made["id"]:
        server.delete_project(made["id"])


def _follow(server: LabelStudio, marker: str, title: str, record: Record, survey: Survey) -> None:
    """Bring the project to what the job file says, unless it was changed by hand."""
    there, description = record["label_config"] or "", record["description"]
    config = label_config(survey, there)
    differences = config_differences(there, config)
    mark = _mark(marker, survey, config)
    card = _card(title, survey) if _is_ours(record["title"], title) else record["title"]
    told = _told_anew(title, survey, _MARK.sub(mark, description))
    if not differences and (told, card) == (description, record["title"]):
        return
    if differences and config_digest(there) not in description:
        raise _changed(server, record, "was changed by hand", differences)
    changes = {"title": card, "description": told, **_asks(survey, config)}
    try:
        server.update_project(record["id"], changes)
    except LabelStudioRefused as error:
        raise _changed(server, record, "cannot follow the job file", [error.problem]) from error


def _card(title: str, survey: Survey) -> str:
    """Return the title on the project's card: the job, and what it asks."""
    name = title.removesuffix(f" {VERIFY}")
    return readable(f"{name}: {survey.question}".replace("\n", " "), _LONGEST_TITLE)


def _is_ours(card: str, title: str) -> bool:
    """Tell whether a card still has the title that we gave it, or that release 0.1.0 gave it."""
    name = title.removesuffix(f" {VERIFY}")
    return card == f"{title[:_LONGEST_TITLE]:_<3}" or card.startswith(f"{name}: "[:_LONGEST_TITLE])


def _about(title: str, survey: Survey) -> str:
    """Return what the card says of the project, up to the word that we know it by."""
    return f"{survey.question} Asked of single rows by the job {title}. {_KEEP}"


def _told_anew(title: str, survey: Survey, description: str) -> str:
    """Return a description that says what is asked now, where what it says is still ours."""
    said, keep, rest = description.partition(_KEEP)
    is_ours = said == f"{title}. " or said.endswith(f" Asked of single rows by the job {title}. ")
    return _about(title, survey) + rest if keep and is_ours else description


def _asks(survey: Survey, config: str) -> dict[str, Any]:
    instructions = instructions_html(survey)
    return {
        "label_config": config,
        # what stands in a field is no answer to the page before it is submitted
        "enable_empty_annotation": not survey.answers,
        "expert_instruction": instructions,
        "show_instruction": bool(instructions),
    }


def _mark(marker: str, survey: Survey, config: str) -> str:
    digest = subkey("instructions", instructions_html(survey)).hex()[:16]
    return f"recheck:{marker}:{config_digest(config)}:{digest}"


def _marked(server: LabelStudio, marker: str) -> list[Record]:
    """Return the projects with the marker, oldest first."""
    marked = []
    for project in server.projects():
        mark = _MARK.search(project["description"] or "")
        if mark and mark[1] == marker:
            marked.append(project)
    return sorted(marked, key=lambda project: int(project["id"]))


def _project(server: LabelStudio, marker: str, record: Record) -> Project:
    made = as_time(record["created_at"]).isoformat()
    origin = subkey("origin", marker, str(record["id"]), made).hex()[:16]
    return Project(record["id"], f"{server.url}/projects/{record['id']}", origin)


def _changed(
    server: LabelStudio, record: Record, what: str, differences: Sequence[str]
) -> ProjectChanged:
    return ProjectChanged(
        f"the label configuration of project {record['id']} {what}: {'; '.join(differences)}",
        fix=f"change it back at {server.url}/projects/{record['id']}/settings/labeling, or delete "
        "the word that begins with `recheck:` from the project's description: then it stays as "
        "an archive, with its answers, and the next `push` makes a new project",
    )
