"""The job's Label Studio, and what the job asks there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions import tables
from functions.app import App
from functions.draws.rows_shown import shown_columns
from labeling.questions.survey import Survey
from pipelines.columns.relations import where_in
from pipelines.errors import LabelStudioRefused
from pipelines.tables.purposes import TRAIN, VERIFY

if TYPE_CHECKING:
    from labeling.labelstudio.client import SdkClient

PURPOSES = (VERIFY, TRAIN)


def survey(app: App) -> Survey:
    """What the job asks about each row."""
    labeling = app.job.labeling
    answers = app.job.target.answers if app.job.task == "classification" else ()
    return Survey(
        labeling.question,
        answers,
        tuple(shown_columns(app.job)),
        labeling.instructions,
        labeling.guideline,
    )


def is_connected(app: App) -> bool:
    """Whether there is a Label Studio to ask."""
    return app.label_studio is not None


def connect(app: App) -> SdkClient:
    """A client of the Label Studio of this job; it closes as a context does.

    Raises:
        LabelStudioRefused: there is none.
        LabelStudioUnreachable: it runs on this machine and does not answer.
    """
    from labeling.labelstudio.client import SdkClient

    access = app.label_studio
    if access is None:
        raise _unnamed(app)
    return SdkClient(access.url, access.key.get_secret_value())


def _unnamed(app: App) -> LabelStudioRefused:
    has_url, has_key = app.settings.label_studio_url, app.settings.label_studio_api_key
    if has_url:
        problem = "LABEL_STUDIO_URL is set and LABEL_STUDIO_API_KEY is not"
    elif has_key:
        problem = "LABEL_STUDIO_API_KEY is set and LABEL_STUDIO_URL is not, and no Label Studio runs on this machine"
    else:
        problem = "no Label Studio is named, and none runs on this machine"
    unset = "unset the address and " if has_url else "unset the key and " if has_key else ""
    return LabelStudioRefused(
        problem,
        fix=f"set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY to yours, or {unset}run "
        "`recheck labelstudio up`: it starts one on this machine, and is found without them",
    )


def asked(app: App, server: str, purpose: str) -> dict[tuple[str, str], int]:
    """The task of each question that was asked there."""
    questions = tables.view(app, "questions").to_pylist()
    return {
        (row["prediction_id"], row["shown_digest"]): row["task_id"]
        for row in questions
        if row["purpose"] == purpose and row["server"] == server
    }


def project_url(app: App) -> str | None:
    """The address of the project that checks predictions, as the newest questions there name it."""
    access = app.label_studio
    if access is None:
        return None
    server = access.url.rstrip("/")
    asked_there = where_in(tables.view(app, "questions"), "server", server)
    projects = where_in(asked_there, "purpose", VERIFY).sort_by("known_at")["project"].to_pylist()
    return f"{server}/projects/{projects[-1]}" if projects else None


def digests(app: App, purpose: str) -> dict[str, str]:
    """The question of each drawn prediction, as it stands now."""
    rows = where_in(tables.current_samples(app), "purpose", purpose)
    return dict(
        zip(rows["prediction_id"].to_pylist(), rows["shown_digest"].to_pylist(), strict=True)
    )
