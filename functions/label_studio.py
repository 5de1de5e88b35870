"""The Label Studio of a job, the questions that the job asks there, and the form of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from functions.draws.rows_shown import shown_columns
from functions.tables import Views, of_purpose
from infra.ports import Say
from infra.settings import Access, Settings
from labeling.answers.answer_files import AnswerForm
from labeling.answers.set_aside import set_aside_words
from labeling.questions.survey import Survey
from pipelines.columns.relations import where_in
from pipelines.errors import LabelStudioRefused
from pipelines.input.batches import UNKNOWN, membership
from pipelines.job.job_file import Job
from pipelines.job.periods import PERIODS
from pipelines.job.rules import BatchRule, batch_rule
from pipelines.tables.purposes import TRAIN, VERIFY

if TYPE_CHECKING:
    from labeling.labelstudio.client import SdkClient

PURPOSES = (VERIFY, TRAIN)


def survey(job: Job) -> Survey:
    """Return what the job asks about each row."""
    labeling = job.labeling
    answers = job.target.answers if job.task == "classification" else ()
    return Survey(
        labeling.question,
        answers,
        tuple(shown_columns(job)),
        labeling.instructions,
        labeling.guideline,
        labeling.unit,
        labeling.minimum,
        labeling.maximum,
        labeling.cannot_tell,
        labeling.links,
    )


def connect(access: Access | None, settings: Settings) -> SdkClient:
    """Return a client of a Label Studio; it closes as a context does.

    Args:
        access: of the Label Studio that a command works with; None where there is none.
        settings: say, in that case, what is missing.

    Raises:
        LabelStudioRefused: there is none.
    """
    from labeling.labelstudio.client import SdkClient

    if access is None:
        raise _unnamed(settings)
    return SdkClient(access.url, access.key.get_secret_value())


def _unnamed(settings: Settings) -> LabelStudioRefused:
    has_url, has_key = settings.label_studio_url, settings.label_studio_api_key
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


def tell_unreadable(say: Say, named: Sequence[str]) -> None:
    """Tell the records that cannot be read, if there are any."""
    if words := set_aside_words(named):
        say(f"warning: {words}")


def asked(views: Views, server: str, purpose: str) -> dict[tuple[str, str], int]:
    """Return the task of each question that was asked on a server.

    Args:
        views: of the job's tables.
        server: the address of the Label Studio.
        purpose: verify or train.

    Returns:
        The newest task id by (prediction id, digest of what is shown).
    """
    rows = where_in(of_purpose(views.questions, purpose), "server", server).sort_by("known_at")
    columns = [rows[name].to_pylist() for name in ("prediction_id", "shown_digest", "task_id")]
    return {(name, digest): task for name, digest, task in zip(*columns, strict=True)}


def project_url(access: Access | None, views: Views) -> str | None:
    """Return the address of the project that checks predictions, as its newest questions name it."""
    if access is None:
        return None
    server = access.url.rstrip("/")
    asked_there = where_in(of_purpose(views.questions, VERIFY), "server", server)
    projects = asked_there.sort_by("known_at")["project"].to_pylist()
    return f"{server}/projects/{projects[-1]}" if projects else None


def digests(views: Views, purpose: str) -> dict[str, str]:
    """Return the question of each drawn prediction, as it stands now."""
    rows = views.current_samples(purpose=purpose)
    return dict(
        zip(rows["prediction_id"].to_pylist(), rows["shown_digest"].to_pylist(), strict=True)
    )


def answer_form(job: Job) -> AnswerForm:
    """Return what answers of a file look like; their time tells the batch, where batches are periods."""
    rule = batch_rule(job)
    is_period = job.batches.by in PERIODS
    return AnswerForm(
        survey(job),
        job.data.missing,
        job.data.decimal,
        time=job.data.time if is_period else None,
        batch_of=(lambda times: _periods(times, rule)) if is_period else None,
    )


def _periods(times: pa.Array, rule: BatchRule) -> list[str | None]:
    rows = pa.RecordBatch.from_arrays([times], names=[str(rule.column)])
    found = membership(rows, rule, None)
    return [None if found.names[code] == UNKNOWN else found.names[code] for code in found.codes]
