"""Looks of a job: what alerts saw of each window, kept in the store so that no window is looked at twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from functions.app import App
from labeling.estimates.alerts import Alert, Watch, looks
from labeling.estimates.estimate import Estimate
from pipelines.columns import relations
from pipelines.tables.schemas import LOOKS, table_of
from pipelines.tables.snapshot import Tables

_ALERT = (
    *("metric", "cohort", "period", "window", "side", "limit", "state", "reason"),
    *("value", "low", "high", "bound", "n_asked", "n_answered", "as_of"),
)


def look(
    app: App,
    tables: Tables,
    estimates: Sequence[Estimate],
    *,
    as_of: datetime | None = None,
    keep: bool,
) -> list[Alert]:
    """Return every line that the job watches, in every window, with its state.

    Args:
        app: the job in its place.
        tables: with the looks that were taken before.
        estimates: of all windows.
        as_of: only looks that were taken by then count, and none is taken.
        keep: whether windows that are due are looked at. Otherwise their state
            stays unknown, because what is not kept would be looked at again.

    Returns:
        The lines, by line and window.
    """
    at, watch = as_of or app.now(), Watch(app.job.alerts, app.job.alert_look, app.job.batches)
    found, fresh = looks(estimates, watch, past=_past(tables, as_of), at=at, take=keep)
    if not fresh:
        return found
    with app.committing() as moment:  # another run may have looked since
        past = _past(app.tables(), None)
        known = {one.identity for one in past}
        rows = [
            {**one.row(), "job": app.job.name, "known_at": moment}
            for one in fresh
            if one.identity not in known
        ]
        if rows:
            app.store.table("looks").append(table_of(LOOKS, rows))
    return looks(estimates, watch, past=_past(app.tables(), None), at=at, take=False)[0]


def _past(tables: Tables, as_of: datetime | None) -> list[Alert]:
    rows = relations.records(relations.known_by(tables.read("looks"), as_of))
    return [
        Alert(
            **{name: row[name] for name in _ALERT}, class_=row["class"], looked_at=row["known_at"]
        )
        for row in rows
    ]
