"""Estimates of a job, computed from the tables of its store."""

from __future__ import annotations

from datetime import datetime

from functions import tables
from functions.app import App
from functions.batches import attempts
from labeling.estimates import estimation
from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import Wanted
from labeling.estimates.window_views import Scoring


def compute(app: App, as_of: datetime | None = None) -> list[Estimate]:
    """Compute every estimate of the job, as known at a time (default: now)."""
    samples, designs = (tables.verifying(tables.view(app, name)) for name in ("samples", "designs"))
    annotations = tables.verifying(tables.view(app, "annotations", as_of))
    return estimation.estimates(
        designs,
        samples,
        annotations,
        wanted=wanted(app),
        seed=app.job.sampling.seed,
        scored=scored(app),
        as_of=as_of,
    )


def scored(app: App) -> list[Scoring]:
    """Return every scoring of the job's batches."""
    return [
        Scoring(one.batch, one.version, one.predictions, one.known_at)
        for one in attempts.attempts(app.store, app.job.name).values()
    ]


def wanted(app: App) -> Wanted:
    """Return what the job asks to be estimated."""
    return Wanted(app.job.task, app.job.target.answers, app.job.metrics)
