"""Tombstones: what stands for a row that was forgotten, so that figures stand without it.

A tombstone has an id of its own and a key made from it. It says nothing of the
row's key: whoever has the seed, and guesses the key, cannot compute it.
"""

from __future__ import annotations

import bisect
import secrets
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import Bools, booleans, integers, texts

_KEY = "forgotten:"


def tombstone_key(tombstone: str) -> str:
    """Return the key of a tombstone.

    >>> tombstone_key("00ff")
    'forgotten:00ff'
    """
    return f"{_KEY}{tombstone}"


def are_tombstones(keys: pa.Array | pa.ChunkedArray) -> Bools:
    """Tell which keys are of tombstones: (n,) to truth values (n,); a null is none."""
    # joining no chunks would import pandas, and so would a number as an argument
    chunks = keys.chunks if isinstance(keys, pa.ChunkedArray) else [keys]
    column = pa.concat_arrays(chunks) if chunks else texts([])
    is_long = integers(pc.utf8_length(column)) == len(_KEY) + 32
    return is_long & booleans(pc.starts_with(column, _KEY))


def new_tombstone(old: str, drawn: Sequence[str]) -> str:
    """Return an id at random that stands in the order of ids where another one stood.

    Estimates add drawn rows in the order of their ids: a row that moved would change the last bit
    of a sum. So the id of a drawn row lies between its neighbours.

    Args:
        old: the id that goes, 32 hex digits.
        drawn: the ids of all drawn rows, sorted.

    Returns:
        An id that nobody has.
    """
    place = bisect.bisect_left(drawn, old)
    if drawn[place : place + 1] != [old]:
        return secrets.token_hex(16)
    low = int(drawn[place - 1], 16) if place else -1
    high = int(drawn[place + 1], 16) if place + 1 < len(drawn) else 2**128
    free = (low + 1 + secrets.randbelow(high - low - 1) for _ in range(64))
    return next(f"{one:032x}" for one in free if one != int(old, 16))
