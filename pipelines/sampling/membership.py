"""Which stratum each row of a batch was in: the table `populations`, written and read.

A later draw needs it of every row, sampled or not: to top up, to carry over, and
to see whether a model was trained on the rows that were drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import (
    Hashes,
    Int64s,
    bool_array,
    booleans,
    coded_texts,
    dictionary_codes,
    int_array,
    integers,
    time_array,
)
from pipelines.columns.relations import column
from pipelines.columns.utc_times import micros_of
from pipelines.sampling.carryover import EarlierDraw
from pipelines.sampling.strata import Strata
from pipelines.tables.schemas import POPULATIONS


def coarse(ids: Hashes) -> Hashes:
    """Cut ids to the first 64 bits, which is what the table keeps: (n, 2), the second half zero."""
    return np.stack([ids[:, 0], np.zeros(len(ids), np.uint64)], axis=1)


def membership_table(
    head: Mapping[str, Any], ids: Hashes, strata: Strata, sampled: Int64s
) -> pa.Table:
    """Write down the stratum of each row of a batch, and whether it was drawn.

    Args:
        head: job, batch, purpose, draw_no and known_at of the draw.
        ids: prediction ids (n, 2).
        strata: of the same rows.
        sampled: places of the drawn rows (m,).

    Returns:
        Rows of `POPULATIONS`, in the order of `ids`.
    """
    n = len(ids)
    taken = np.zeros(n, np.bool_)
    taken[sampled] = True
    same = {
        name: coded_texts(np.zeros(n), [head[name]]).dictionary_decode()
        for name in ("job", "batch", "purpose")
    }
    columns = {
        **same,
        "draw_no": int_array(np.full(n, head["draw_no"])).cast(pa.int32()),
        "id_high": int_array(ids[:, 0].view(np.int64)),
        "stratum": coded_texts(strata.codes, strata.names).dictionary_decode(),
        "is_sampled": bool_array(taken),
        "known_at": time_array(np.full(n, micros_of(head["known_at"]))),
    }
    return pa.table([columns[name] for name in POPULATIONS.names], schema=POPULATIONS)


def earlier_draw(rows: pa.Table, names: Sequence[str]) -> EarlierDraw:
    """Read the draw that `membership_table` wrote down.

    Args:
        rows: of one draw; at least id_high, stratum and is_sampled.
        names: of its strata, in their order.

    Returns:
        The draw, its ids cut to 64 bits.
    """
    codes, words = dictionary_codes(column(rows, "stratum"))
    places = {name: code for code, name in enumerate(names)}
    strata = Strata(tuple(names), np.array([places[word] for word in words], np.int32)[codes])
    high = integers(column(rows, "id_high")).view(np.uint64)
    return EarlierDraw(coarse(high[:, np.newaxis]), strata, booleans(column(rows, "is_sampled")))
