"""Freshness: periods that should have data and have none, as alerts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from functions.alert_log import AlertLog, Happened, events
from functions.batches import attempts, discovery
from functions.batches.discovery import JobData
from labeling.estimates.alerts import Alert
from labeling.estimates.alerts.lives import MISSING, OVER
from labeling.estimates.alerts.missing_data import missing_alert, missing_alerts, stretches
from pipelines.errors import InputUnreadable
from pipelines.tables.snapshot import Tables


def watch_data(
    data: JobData, tables: Tables, log: AlertLog, *, at: datetime, empty: Collection[str]
) -> None:
    """Keep which data are missing now, and which have come.

    Args:
        data: of the job.
        tables: of the job; what was published is there, wherever its file is now.
        log: of the job's alerts.
        at: the present.
        empty: batches whose files hold no row.
    """
    batches = data.job.batches
    if batches.expect is None:
        return
    published = {batch for batch, one in attempts.scored(tables).items() if one.rows_in}
    present = (set(_named(data)) - set(empty)) | published
    missing = {
        one.id: one
        for stretch in stretches(present, batches, at)
        for one in [missing_alert(stretch, batches.expect, at)]
    }
    earlier = {one.id: one for one in missing_alerts(events(tables), batches.expect)}
    began = [_began(one) for name, one in missing.items() if name not in earlier]
    ended = [
        Happened(one, OVER)
        for name, one in earlier.items()
        if name not in missing and not one.is_over
    ]
    log.add([*began, *ended])


def _began(alert: Alert) -> Happened:
    return Happened(alert, MISSING, alert.message)


def _named(data: JobData) -> list[str]:
    """Return the batches of the data; none where there is no file."""
    try:
        return discovery.names(data)
    except InputUnreadable:
        return []
