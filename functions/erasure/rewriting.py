"""Files of one batch, written once more without the row that is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from functions.erasure.forgetting import Forgetting
from functions.erasure.tombstones import tombstone_key
from infra.store import Store
from pipelines.columns.buffers import int_array, texts
from pipelines.identity.ids import prediction_ids
from pipelines.identity.keyed_hash import hex_text
from pipelines.job.job_file import Job
from pipelines.scoring.file_names import erased_name
from pipelines.tables.schemas import PARTITIONED_BY
from pipelines.tables.snapshot import Tables
from pipelines.tables.table_files import WrittenFile

_NAMED_BY: Final = {"predictions": "prediction_id", "quarantine": "key", "populations": "id_high"}


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The new files of one batch in one table; nothing reads them before they are published."""

    table: str
    batch: str
    files: Mapping[str, WrittenFile]  # by the name of the file that each replaces


def rewritings(job: Job, store: Store, tables: Tables, plan: Forgetting) -> list[Rewriting]:
    """Write the files of the tables that are kept by batch without the row.

    Args:
        job: the job file.
        store: whose tables.
        tables: a snapshot of the job's.
        plan: what is forgotten.

    Returns:
        The new files of every batch and table that hold the row.
    """
    made = []
    for batch in sorted(set(plan.batches.values())):
        for name in PARTITIONED_BY:
            rows = tables.read(name, [_NAMED_BY[name]], batch=batch)
            if _places(job, plan, name, batch, rows).null_count == len(rows):
                continue
            files = store.table(name).rewritten(
                {"job": job.name, "batch": batch},
                partial(_changed, job, plan, name, batch),
                partial(_renamed, run=plan.run),
            )
            made.append(Rewriting(name, batch, files))
    return made


def _renamed(name: str, run: str) -> str:
    return erased_name(name, run)


def _places(job: Job, plan: Forgetting, name: str, batch: str, rows: pa.Table) -> pa.Array:
    """Return which of the plan's ids each row has (n,), null where it has none."""
    old, named = list(plan.ids), rows[_NAMED_BY[name]].combine_chunks()
    if name == "populations":
        return pc.index_in(named, value_set=_high(old))
    if name == "quarantine":
        filled = pc.fill_null(named, "")
        ids = hex_text(prediction_ids(job.sampling.seed, job.name, batch, filled))
        return pc.if_else(pc.is_valid(named), pc.index_in(ids, value_set=texts(old)), None)
    return pc.index_in(named, value_set=texts(old))


def _changed(job: Job, plan: Forgetting, name: str, batch: str, rows: pa.Table) -> pa.Table:
    """Return the rows with tombstones."""
    places, new = _places(job, plan, name, batch, rows), list(plan.ids.values())
    keys = texts(map(tombstone_key, new))
    columns = {
        "predictions": {"prediction_id": texts(new), "key": keys},
        "quarantine": {"key": keys},
        "populations": {"id_high": _high(new)},
    }[name]
    for column, values in columns.items():
        old = rows[column].combine_chunks()
        changed = pc.if_else(pc.is_valid(places), pc.take(values, places), old)
        rows = rows.set_column(rows.column_names.index(column), column, changed)
    return rows


def _high(ids: list[str]) -> pa.Array:
    """Return the first 64 bits of ids, as `populations` keeps them."""
    words = np.array([int(one[:16], 16) for one in ids], np.uint64)
    return int_array(words.view(np.int64))
