"""Predictions found by their ids, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from functions.app import App
from pipelines.columns.buffers import texts
from pipelines.tables.schemas import PREDICTIONS, table_of


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
