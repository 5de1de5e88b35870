"""Looks of a job: what was seen of each line in each window, as the store has it."""

from __future__ import annotations

from datetime import datetime

from labeling.estimates.alerts import Watch, WatchedLine
from pipelines.columns import relations
from pipelines.job.job_file import Job
from pipelines.tables.snapshot import Tables

_LOOK = (
    *("metric", "cohort", "period", "window", "side", "limit", "state", "reason"),
    *("value", "low", "high", "bound", "bound_in_a_row", "n_asked", "n_answered", "as_of"),
)


def watch_of(job: Job) -> Watch:
    """Return the lines that a job watches, and when it looks at a window."""
    return Watch(job.alerts, job.alert_look, job.batches)


def past_looks(tables: Tables, as_of: datetime | None = None) -> list[WatchedLine]:
    """Return the looks that were taken until a time; all without one."""
    rows = relations.records(relations.known_by(tables.read("looks"), as_of))
    return [
        WatchedLine(
            **{name: row[name] for name in _LOOK}, class_=row["class"], looked_at=row["known_at"]
        )
        for row in rows
    ]
