"""Top-ups that came after answers: draws that may have been decided by a figure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from labeling.answers.current import VALID
from pipelines.columns.buffers import integers
from pipelines.columns.relations import column, microseconds, newest, places, where_in


def topped_up(designs: pa.Table, samples: pa.Table, annotations: pa.Table) -> list[str]:
    """Return the batches that were drawn from again after an answer of theirs was known.

    Asking for more rows because of a figure, until it pleases, makes its
    intervals hold the true figure less often than 95 % of the time.

    Args:
        designs: of one purpose, in the columns of `schemas.DESIGNS`.
        samples: in the columns of `schemas.SAMPLES`.
        annotations: in the columns of `schemas.ANNOTATIONS`.

    Returns:
        The names of batches, in order. Only the newest design of each batch is looked at.
    """
    heads = newest(designs, ["batch"]).sort_by("batch")
    of_head = places(designs, heads, ["batch", "series"])
    is_top_up = integers(column(designs, "draw_no")) > integers(column(designs, "series"))
    kept = is_top_up & (of_head >= 0)
    last = np.full(heads.num_rows, np.iinfo(np.int64).min)
    np.maximum.at(last, of_head[kept], microseconds(designs, "known_at")[kept])

    valid, asked = where_in(annotations, "state", VALID), newest(samples, ["prediction_id"])
    row = places(valid, asked, ["prediction_id"])
    batch = np.append(places(asked, heads, ["batch"]), -1)[row]
    first = np.full(heads.num_rows + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, batch, microseconds(valid, "known_at"))
    names = column(heads, "batch").to_pylist()
    return [name for name, drawn, seen in zip(names, last, first[:-1], strict=True) if seen < drawn]
