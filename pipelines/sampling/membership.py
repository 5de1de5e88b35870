"""The table `populations`: the stratum of each row of a batch at a draw, written and read.

It has every row of the batch, drawn or not. A later draw needs all of them: to
top up, to carry over, and to see whether a model was trained on the drawn rows.
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


def first_64_bits(ids: Hashes) -> Hashes:
    """Return ids as the table keeps them: (n, 2), the first 64 bits, then zeros."""
    return np.stack([ids[:, 0], np.zeros(len(ids), np.uint64)], axis=1)


def membership_table(
    head: Mapping[str, Any], ids: Hashes, strata: Strata, sampled: Int64s
) -> pa.Table:
    """Return the rows of `populations` for one draw: each row's stratum, and whether it was drawn.

    Args:
        head: job, batch, purpose, draw_no and known_at of the draw.
        ids: prediction ids (n, 2).
        strata: of the same rows.
        sampled: row numbers of the drawn rows (m,).

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
    """Return the draw that `membership_table` made rows of.

    Args:
        rows: of one draw; at least the columns id_high, stratum and is_sampled.
        names: names of the draw's strata, in their order.

    Returns:
        The draw, its ids cut to 64 bits.
    """
    codes, words = dictionary_codes(column(rows, "stratum"))
    places = {name: code for code, name in enumerate(names)}
    strata = Strata(tuple(names), np.array([places[word] for word in words], np.int32)[codes])
    high = integers(column(rows, "id_high")).view(np.uint64)
    return EarlierDraw(
        first_64_bits(high[:, np.newaxis]), strata, booleans(column(rows, "is_sampled"))
    )
