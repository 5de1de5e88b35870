"""The tables as people query them: of one job, without attempts that were never published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from functions.app import App
from functions.batches import attempts as ledger
from labeling.answers import current as resolution
from pipelines.columns import relations
from pipelines.columns.buffers import texts
from pipelines.tables.purposes import VERIFY
from pipelines.tables.schemas import ANNOTATIONS, PREDICTIONS, TABLES, table_of

CENSUS = "complete outcomes"  # the reason of a draw of every row
OUTCOME = "outcome"
NAMES = (*TABLES, "labels")
_DRAW = ["batch", "purpose", "draw_no", "known_at"]


def all_views(app: App) -> dict[str, pa.Table]:
    """Every table by its name."""
    found = {name: view(app, name) for name in NAMES}
    return {**found, "samples": current_samples(app), "samples_history": found["samples"]}


def view(app: App, name: str, as_of: datetime | None = None) -> pa.Table:
    """One table, of this job alone.

    Args:
        app: whose job.
        name: of `NAMES`.
        as_of: when outcomes are to have counted as answers, or not; now, without
            one. What became known later is not left out.
    """
    if name == "labels":
        return labels(app)
    rows = app.store.table(name).read()
    own = rows.filter(pc.equal(rows["job"], app.job.name))
    if name == "quarantine":
        return _published(app, own)
    if name == "annotations" and app.job.labeling.outcomes == "complete":
        return _with_outcomes(app, own, as_of)
    return _designed(app, own) if name == "samples" else own


def labels(app: App) -> pa.Table:
    """The resolved answer of each question."""
    numbers = app.job.task == "regression"
    return resolution.resolve(view(app, "annotations"), view(app, "samples"), numbers=numbers)


def current_samples(app: App, as_of: datetime | None = None) -> pa.Table:
    """The rows that the newest design of each batch holds, with its inclusion probability.

    Args:
        app: whose job.
        as_of: the newest that was known then; without it, the newest.
    """
    samples, designs = (
        relations.known_by(view(app, name), as_of) for name in ("samples", "designs")
    )
    newest = {(row["batch"], row["purpose"]): row["series"] for row in _in_order(designs)}
    allocated = {
        (row["batch"], row["purpose"], row["series"], row["stratum"]): row["allocated"]
        / row["size"]
        for row in _in_order(designs)
    }
    rows = samples.select(["batch", "purpose", "series", "stratum"]).to_pylist()
    kept = [newest.get((row["batch"], row["purpose"])) == row["series"] for row in rows]
    chances = [
        allocated.get((row["batch"], row["purpose"], row["series"], row["stratum"])) for row in rows
    ]
    place = samples.schema.get_field_index("inclusion_probability")
    samples = samples.set_column(place, "inclusion_probability", pa.array(chances, pa.float64()))
    return samples.filter(pa.array(kept, pa.bool_()))


def _in_order(designs: pa.Table) -> list[dict[str, Any]]:
    return sorted(designs.to_pylist(), key=lambda row: row["draw_no"])


def verifying(rows: pa.Table) -> pa.Table:
    """Those that check predictions, not those that label rows to train on."""
    return rows.filter(pc.equal(rows["purpose"], VERIFY))


def _designed(app: App, samples: pa.Table) -> pa.Table:
    """Samples whose design was stored too; what a killed run left behind was never drawn."""
    designs = view(app, "designs").select(_DRAW).to_pylist()
    known = {tuple(row.values()) for row in designs}
    rows = samples.select(_DRAW).to_pylist()
    return samples.filter(pa.array([tuple(row.values()) in known for row in rows], pa.bool_()))


def _published(app: App, rows: pa.Table) -> pa.Table:
    """Rows of attempts that are live; what a killed run wrote twice counts once."""
    attempts = pa.array(list(ledger.published(app.store, app.job.name).values()), pa.string())
    live = rows.filter(pc.is_in(rows["attempt"], attempts))
    return (
        live.group_by(live.column_names, use_threads=False).aggregate([]).select(rows.column_names)
    )


def outcome_ids(app: App) -> pa.Array:
    """The predictions whose outcome is known: it came by itself, or for a row that was drawn."""
    rows = app.store.table("annotations").read()
    own = resolution.standing(rows.filter(pc.equal(rows["job"], app.job.name)))
    known = relations.where_in(own, "state", "valid", OUTCOME)
    return known["prediction_id"].combine_chunks()


def _with_outcomes(app: App, annotations: pa.Table, as_of: datetime | None) -> pa.Table:
    """Outcomes of a census count as answers: every row has one, so nobody selected them."""
    samples, designs = current_samples(app, as_of), relations.known_by(view(app, "designs"), as_of)
    census = {
        (row["batch"], row["series"]) for row in designs.to_pylist() if row["reason"] == CENSUS
    }
    digests = {
        row["prediction_id"]: row["shown_digest"]
        for row in samples.select(["prediction_id", "shown_digest", "batch", "series"]).to_pylist()
        if (row["batch"], row["series"]) in census
    }
    rows = annotations.to_pylist()
    for row in rows:
        if row["state"] == OUTCOME and row["prediction_id"] in digests:
            row |= {"state": "valid", "shown_digest": digests[row["prediction_id"]]}
    return table_of(ANNOTATIONS, rows)


def predictions(app: App, ids: Iterable[str], columns: Sequence[str]) -> pa.Table:
    """Those predictions of the job that have one of these ids, read a file at a time.

    Args:
        app: whose job.
        ids: what is looked for; without any, nothing is read.
        columns: of `pipelines.tables.schemas.PREDICTIONS`; `prediction_id` comes first.
    """
    names = ["prediction_id", *columns]
    found = [table_of(pa.schema([PREDICTIONS.field(name) for name in names]), [])]
    wanted = texts(sorted(ids))
    table = app.store.table("predictions")
    for partition in table.partitions() if len(wanted) else ():
        if partition["job"] == app.job.name:
            found += [
                rows.filter(pc.is_in(rows["prediction_id"], value_set=wanted))
                for rows in table.batches(names, partition)
            ]
    return pa.concat_tables(found)
