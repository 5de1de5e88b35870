"""The rows as people see them, read again from the input that was scored."""

from __future__ import annotations

from collections.abc import Container, Iterable

import numpy as np
import pyarrow as pa

from functions.app import App
from functions.batches import discovery
from labeling.questions.shown import ShownColumn, shown_rows
from pipelines.columns.buffers import Int64s
from pipelines.errors import InputChanged
from pipelines.features.spec import Image, Text
from pipelines.identity.keyed_hash import hex_text, subkey
from pipelines.identity.row_digests import Digest
from pipelines.input import typed_rows as raw
from pipelines.input.batch_rows import BatchRows
from pipelines.input.faults import Faults
from pipelines.job.job_file import Job


def shown_columns(job: Job) -> list[ShownColumn]:
    """The columns that people may see, and how."""
    texts = {name for name, feature in job.features.columns.items() if isinstance(feature, Text)}
    pictures = {
        name for name, feature in job.features.columns.items() if isinstance(feature, Image)
    }
    texts |= set(job.labeling.texts)
    pictures |= set(job.labeling.pictures)
    kinds = {
        name: "image" if name in pictures else "text" if name in texts else "tabular"
        for name in job.labeling.show
    }
    return [ShownColumn(name, kind) for name, kind in kinds.items()]  # type: ignore[arg-type]


def survey_digest(job: Job) -> str:
    """Identifies what people see and are asked."""
    seen = [f"{column.kind} {column.name}" for column in shown_columns(job)]
    return subkey("survey", job.labeling.question, *seen).hex()


def shown(app: App, batch: str, wanted: Iterable[str], digest: str | None) -> dict[str, str]:
    """What people see of some predictions, as JSON by prediction id.

    Args:
        digest: of the batch's rows when they were scored.

    Raises:
        InputChanged: the input is not what was scored, or a row is gone.
    """
    ids, seen = set(wanted), Digest()
    found: dict[str, str] = {}
    for part in discovery.batch_rows(app, batch):
        seen = seen.add(part.digests(app.job.key_columns))
        found |= of_rows(app, part, ids)
    if (digest is not None and seen.text != digest) or len(found) < len(ids):
        raise InputChanged(
            f"the input of batch {batch!r} is no longer what was scored, or the job file reads other columns of it",
            fix=f"run `recheck score … --batch {batch} --replace`, then the same command again",
        )
    return found


def of_rows(app: App, part: BatchRows, wanted: Container[str]) -> dict[str, str]:
    """What people see of those of the rows that are wanted, as JSON by prediction id."""
    names = hex_text(part.ids).to_pylist()
    places = np.array([place for place, name in enumerate(names) if name in wanted], dtype=np.int64)
    if not len(places):
        return {}
    return dict(
        zip((names[place] for place in places), _shown(app, part.rows, places), strict=True)
    )


def _shown(app: App, rows: pa.RecordBatch, places: Int64s) -> list[str]:
    columns = shown_columns(app.job)
    chosen = raw.take(rows, places)
    made = [
        chosen.column(c.name)
        if c.kind == "image"
        else raw.checked_text(chosen.column(c.name), c.name, Faults())
        for c in columns
    ]
    seen = pa.RecordBatch.from_arrays(made, names=[c.name for c in columns])
    return shown_rows(seen, columns, app.job.batches.timezone)
