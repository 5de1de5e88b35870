"""The tables as people query them: of one job, without attempts that were never published."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from functions import ledger
from functions.app import App
from labeling import labels as resolution
from pipelines.schemas import TABLES

NAMES = (*TABLES, "labels")


def all_views(app: App) -> dict[str, pa.Table]:
    """Every table by its name."""
    return {name: view(app, name) for name in NAMES}


def view(app: App, name: str) -> pa.Table:
    """One table, of this job alone."""
    if name == "labels":
        return labels(app)
    rows = app.store.table(name).read()
    own = rows.filter(pc.equal(rows["job"], app.job.name))
    return _published(app, own) if name == "quarantine" else own


def labels(app: App) -> pa.Table:
    """The resolved answer of each question."""
    return resolution.resolve(view(app, "annotations"), view(app, "samples"))


def _published(app: App, rows: pa.Table) -> pa.Table:
    """Rows of attempts that are live; what a killed run wrote twice counts once."""
    attempts = pa.array(list(ledger.published(app.store, app.job.name).values()), pa.string())
    live = rows.filter(pc.is_in(rows["attempt"], attempts))
    return live.group_by(live.column_names, use_threads=False).aggregate([]).select(rows.column_names)
