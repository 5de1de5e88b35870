"""The rows as people see them, read again from the input that was scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from functions.app import App
from functions.steps import inputs
from pipelines import fragments
from pipelines import rows as raw
from pipelines.batches import membership
from pipelines.columns import Int64s
from pipelines.digests import Digest, row_digests
from pipelines.errors import InputChanged
from pipelines.features import Image, Text
from pipelines.hashing import Hashes, hex_text
from pipelines.identity import prediction_ids
from pipelines.jobs import Job
from pipelines.rows import Faults
from pipelines.shown import ShownColumn, shown_rows


@dataclass(frozen=True, slots=True)
class BatchRows:
    """Rows of one fragment that belong to the batch."""

    rows: pa.RecordBatch
    keys: pa.StringArray
    ids: Hashes


def shown_columns(job: Job) -> list[ShownColumn]:
    """The columns that people may see, and how."""
    texts = {name for name, feature in job.features.columns.items() if isinstance(feature, Text)}
    pictures = {name for name, feature in job.features.columns.items() if isinstance(feature, Image)}
    texts |= set(job.labeling.texts)
    pictures |= set(job.labeling.pictures)
    kinds = {name: "image" if name in pictures else "text" if name in texts else "tabular" for name in job.labeling.show}
    return [ShownColumn(name, kind) for name, kind in kinds.items()]  # type: ignore[arg-type]


def shown(app: App, batch: str, wanted: Iterable[str], digest: str | None) -> dict[str, str]:
    """What people see of some predictions, as JSON by prediction id.

    Args:
        digest: of the batch's rows when they were scored.

    Raises:
        InputChanged: the input is not what was scored, or a row is gone.
    """
    ids, seen, found = set(wanted), Digest(), {}
    for part in batch_rows(app, batch):
        seen = seen.add(row_digests(part.rows, part.rows.schema.names))
        texts = hex_text(part.ids).to_pylist()
        places = np.array([place for place, one in enumerate(texts) if one in ids], dtype=np.int64)
        if len(places):
            found |= zip((texts[place] for place in places), _shown(app, part.rows, places), strict=True)
    if (digest is not None and seen.text != digest) or len(found) < len(ids):
        raise InputChanged(
            f"the input of batch {batch!r} is no longer what was scored",
            fix=f"run `recheck score … --batch {batch} --replace`, then the same command again",
        )
    return found


def _shown(app: App, rows: pa.RecordBatch, places: Int64s) -> list[str]:
    columns = shown_columns(app.job)
    chosen = raw.take(rows, places)
    made = [raw.pictures(chosen.column(c.name), c.name, app.folder, Faults()) if c.kind == "image" else raw.checked_text(chosen.column(c.name), c.name, Faults()) for c in columns]
    return shown_rows(pa.RecordBatch.from_arrays(made, names=[c.name for c in columns]), columns)


def batch_rows(app: App, batch: str) -> Iterator[BatchRows]:
    """Every row of a batch, with its key and prediction id."""
    job, found = app.job, inputs.find(app, [batch])
    digests = found.files_of(batch)
    for piece in found.pieces([batch]):
        for first, rows in fragments.read_piece(piece, raw.projection(job)):
            member = membership(rows, job, piece.source.batch)
            chosen = np.flatnonzero(member.codes == member.names.index(batch)) if batch in member.names else []
            if len(chosen):
                own = raw.take(rows, chosen)
                keys = raw.keys_of(own, job, digests[piece.source.name], first + int(chosen[0]), Faults())
                yield BatchRows(own, keys, prediction_ids(job.sampling.seed, job.name, batch, keys))
