"""Label Studio as settings name it, and what the job asks there."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from functions import views
from functions.app import App
from functions.steps.shown import shown_columns
from labeling.tasks import Survey
from pipelines.errors import LabelStudioRefused

PURPOSES = ("verify", "train")


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
    """Whether settings name a Label Studio."""
    return bool(app.settings.label_studio_url and app.settings.label_studio_api_key)


def connect(app: App) -> Any:
    """A client of the Label Studio that settings name; it closes as a context does.

    Raises:
        LabelStudioRefused: settings name none.
    """
    from labeling.labelstudio.client import SdkClient

    url, key = app.settings.label_studio_url, app.settings.label_studio_api_key
    if not url or not key:
        raise LabelStudioRefused(
            "no Label Studio is named",
            fix="set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY; `recheck labelstudio up` starts one on this machine",
        )
    return SdkClient(url, key.get_secret_value())


def asked(app: App, server: str, purpose: str) -> dict[tuple[str, str], int]:
    """The task of each question that was asked there."""
    questions = views.view(app, "questions").to_pylist()
    return {
        (row["prediction_id"], row["shown_digest"]): row["task_id"]
        for row in questions
        if row["purpose"] == purpose and row["server"] == server
    }


def digests(app: App, purpose: str) -> dict[str, str]:
    """The question of each drawn prediction, as it stands now."""
    rows = views.current_samples(app)
    rows = rows.filter(pc.equal(rows["purpose"], purpose))
    return dict(
        zip(rows["prediction_id"].to_pylist(), rows["shown_digest"].to_pylist(), strict=True)
    )
