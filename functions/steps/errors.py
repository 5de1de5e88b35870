"""The step `errors`: which predictions were wrong, by what people say."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from functions.app import App
from functions.draws.rows_shown import shown_columns
from functions.tables import Views, of_purpose
from labeling.answers.current import label_questions
from labeling.answers.wrong_rows import WrongRow, wrong_rows
from pipelines.errors import BatchUnknown, JobInvalid
from pipelines.job.job_file import Job
from pipelines.tables.purposes import VERIFY


@dataclass(frozen=True, slots=True)
class ErrorsOptions:
    """The options of `recheck errors`."""

    batches: tuple[str, ...] = ()
    cohort: str | None = None  # NAME=VALUE
    class_: str | None = None  # predicted, or said by people


def errors(app: App, options: ErrorsOptions) -> list[WrongRow]:
    """Find the drawn rows whose prediction people contradict.

    Raises:
        BatchUnknown: nothing was drawn from a batch.
        JobInvalid: the job has no such cohort or class.
    """
    _check(app, options)
    views = app.views()
    samples = views.current_samples(purpose=VERIFY, shown=True)
    drawn = {*samples["batch"].to_pylist()}
    for batch in options.batches:
        if batch not in drawn:
            raise BatchUnknown(
                f"nothing was drawn from batch {batch!r}",
                fix="`recheck status …` lists the batches; `recheck sample …` draws",
            )
    found = rows_contradicted(app.job, views, samples, views.annotations())
    return [row for row in found if _is_wanted(row, options)]


def rows_contradicted(
    job: Job, views: Views, samples: pa.Table, annotations: pa.Table
) -> list[WrongRow]:
    """Find the rows that people contradict, the most frequent confusion first.

    Args:
        job: the job file.
        views: of its tables, for the tasks.
        samples: the current draws, with `shown`.
        annotations: the answers that count.

    Returns:
        The rows.
    """
    numbers = job.task == "regression"
    labels = of_purpose(label_questions(annotations, samples, numbers=numbers), VERIFY)
    tasks = task_addresses(views)
    return wrong_rows(samples, labels, tasks, shown_columns(job), numbers=numbers)


def task_addresses(views: Views) -> dict[tuple[str, str], str]:
    """Return where each question was asked, by prediction id and digest of what is shown."""
    columns = ("prediction_id", "shown_digest", "server", "project", "task_id")
    rows = of_purpose(views.questions, VERIFY).sort_by("known_at").select(columns).to_pylist()
    return {
        (
            row["prediction_id"],
            row["shown_digest"],
        ): "{server}/projects/{project}/data?task={task_id}".format(**row)
        for row in rows
    }


def _check(app: App, options: ErrorsOptions) -> None:
    name, is_pair, _ = (options.cohort or "").partition("=")
    if options.cohort and (not is_pair or name not in app.job.cohorts):
        raise JobInvalid(
            f"no cohort {options.cohort!r}",
            fix=f"write NAME=VALUE; the job file has {', '.join(app.job.cohorts) or 'no cohorts'}",
        )
    answers = app.job.target.answers
    if options.class_ is not None and options.class_ not in answers:
        raise JobInvalid(
            f"no class {options.class_!r}",
            fix=f"the job file has {', '.join(answers) or 'no classes: people give numbers'}",
        )


def _is_wanted(row: WrongRow, options: ErrorsOptions) -> bool:
    name, _, value = (options.cohort or "").partition("=")
    return (
        (not options.batches or row.batch in options.batches)
        and (not name or row.cohorts.get(name) == value)
        and (options.class_ is None or options.class_ in (row.label, row.answer))
    )
