"""Estimates of a job, computed from its tables."""

from __future__ import annotations

from datetime import datetime

from functions.batches import attempts
from functions.tables import Views, of_purpose
from labeling.estimates import estimation
from labeling.estimates.estimate import Estimate
from labeling.estimates.families.chosen import Wanted
from labeling.estimates.window_views import Scoring
from pipelines.job.job_file import Job
from pipelines.tables.purposes import VERIFY
from pipelines.tables.snapshot import Tables


def compute(job: Job, views: Views, as_of: datetime | None = None) -> list[Estimate]:
    """Compute every estimate of the job, as known at a time.

    Args:
        job: the job file: task, classes, metrics and seed.
        views: of its tables.
        as_of: count facts that were known at this time; None for all.

    Returns:
        The estimates of all batches, cohorts and windows.
    """
    asked = wanted(job)
    samples_of_job = views.samples(scores=asked.needs_scores)
    designs, samples, annotations = (
        of_purpose(rows, VERIFY)
        for rows in (views.designs, samples_of_job, views.annotations(as_of))
    )
    return estimation.estimates(
        designs,
        samples,
        annotations,
        wanted=asked,
        seed=job.sampling.seed,
        scored=scored(views.tables),
        as_of=as_of,
    )


def scored(tables: Tables) -> list[Scoring]:
    """Return every scoring of the job's batches that was published, replaced ones included."""
    return [
        Scoring(attempt.batch, attempt.version, attempt.predictions, attempt.known_at)
        for attempt in attempts.ever_published(tables)
    ]


def wanted(job: Job) -> Wanted:
    """Return what the job asks to be estimated."""
    return Wanted(job.task, job.target.answers, job.metrics)
