"""Alerts of a job, as the store has them, and what is kept of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from functions.looks import past_looks, watch_of
from functions.runs import Run
from infra.store import Store
from labeling.estimates.alerts import Alert, AlertEvent, alerts_of
from labeling.estimates.alerts.lives import Event
from labeling.estimates.alerts.missing_data import missing_alerts
from labeling.estimates.alerts.watched_lines import unasked
from pipelines.columns import relations
from pipelines.job.job_file import Job
from pipelines.tables.schemas import ALERTS, table_of
from pipelines.tables.snapshot import Tables

_EVENT = ("id", "event", "known_at", "actor", "reason", "channel", "period", "window")


def alerts(job: Job, tables: Tables, as_of: datetime | None = None) -> list[Alert]:
    """Return every alert of the lines and data that a job watches, in the order in which they began.

    Args:
        job: the job file, which has the lines.
        tables: of the job.
        as_of: what was known at that time; None for all.

    Returns:
        The alerts, those that are over included.
    """
    lines = {unasked(line).line for line in watch_of(job).lines}
    looks = [one for one in past_looks(tables, as_of) if one.line in lines]
    happened = events(tables, as_of)
    both = [*alerts_of(looks, happened), *missing_alerts(happened, job.batches.expect)]
    return sorted(both, key=lambda alert: alert.since)


def events(tables: Tables, as_of: datetime | None = None) -> list[AlertEvent]:
    """Return what happened to alerts until a time; all without one."""
    rows = relations.records(relations.known_by(tables.read("alerts"), as_of))
    return [AlertEvent(**{name: row[name] for name in _EVENT}) for row in rows]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of an alert that is still to be stored; `AlertEvent` is a stored one."""

    alert: Alert
    event: Event
    reason: str | None = None
    channel: str | None = None  # where it was sent, or was not


@dataclass(frozen=True, slots=True)
class AlertLog:
    """The events of a job's alerts in the store: appended to, and never changed."""

    store: Store
    job: str  # its name
    actor: str
    committing: Callable[[], AbstractContextManager[datetime]]
    recording: Callable[[Run], AbstractContextManager[Run]]

    def add(self, happened: Sequence[Happened]) -> None:
        """Append events by one commit, and record how many: a table that lost some is found."""
        if not happened:
            return
        with self.recording(Run.of("alerts")) as run:
            with self.committing() as moment:
                rows = [self._row(one, moment) for one in happened]
                self.store.table("alerts").append(table_of(ALERTS, rows))
            run.outputs["alerts"] = len(rows)

    def _row(self, one: Happened, moment: datetime) -> dict[str, object]:
        alert = one.alert
        return {
            "job": self.job,
            "id": alert.id,
            "event": one.event,
            "metric": alert.metric,
            "class": alert.class_,
            "cohort": alert.cohort,
            "period": alert.period,
            "window": alert.window,
            "reason": one.reason,
            "channel": one.channel,
            "actor": self.actor,
            "known_at": moment,
        }
