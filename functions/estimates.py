"""Estimates of a job, computed from its tables."""

from __future__ import annotations

from datetime import datetime

from functions import tables
from functions.app import App
from functions.batches import attempts
from labeling.estimates import estimate as history
from labeling.estimates.estimate import Estimate, Scoring, Wanted


def compute(app: App, as_of: datetime | None = None) -> list[Estimate]:
    """Every estimate of the job, as known at a time."""
    samples, designs = (tables.verifying(tables.view(app, name)) for name in ("samples", "designs"))
    annotations = tables.verifying(tables.view(app, "annotations", as_of))
    return history.estimates(
        designs, samples, annotations, wanted=wanted(app), scored=scored(app), as_of=as_of
    )


def scored(app: App) -> list[Scoring]:
    """Every scoring of the job's batches."""
    return [
        Scoring(one.batch, one.version, one.predictions, one.known_at)
        for one in attempts.attempts(app.store, app.job.name).values()
    ]


def wanted(app: App) -> Wanted:
    """What the job asks to be estimated."""
    return Wanted(app.job.task, app.job.target.answers, app.job.metrics)
