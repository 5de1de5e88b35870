"""Estimates of a job, computed from its tables."""

from __future__ import annotations

from datetime import datetime

from functions.batches import attempts
from functions.tables import Views, of_purpose
from labeling.answers.current import VERIFY
from labeling.estimates import estimate as history
from labeling.estimates.estimate import Estimate, Scoring, Wanted
from pipelines.job.job_file import Job
from pipelines.tables.snapshot import Tables


def compute(job: Job, views: Views, as_of: datetime | None = None) -> list[Estimate]:
    """Return every estimate of the job, as known at a time.

    Args:
        job: what is to be estimated.
        views: of its tables.
        as_of: the facts that were known then; without it, all.

    Returns:
        The estimates of all batches, cohorts and windows.
    """
    designs, samples, annotations = (
        of_purpose(rows, VERIFY)
        for rows in (views.designs, views.samples(), views.annotations(as_of))
    )
    return history.estimates(
        designs,
        samples,
        annotations,
        wanted=wanted(job),
        scored=scored(views.tables),
        as_of=as_of,
    )


def scored(tables: Tables) -> list[Scoring]:
    """Return every scoring of the job's batches."""
    return [
        Scoring(attempt.batch, attempt.version, attempt.predictions, attempt.known_at)
        for attempt in attempts.attempts(tables).values()
    ]


def wanted(job: Job) -> Wanted:
    """Return what the job asks to be estimated."""
    return Wanted(job.task, job.target.answers, job.metrics)
