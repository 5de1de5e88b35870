"""Rows by cell: the distinct keys among many, and exact sums of integers."""

from __future__ import annotations

import numpy as np

from pipelines.columns.buffers import Int32s, Int64s


def ranked(keys: Int64s, limit: int) -> tuple[Int64s, Int64s]:
    """Return the distinct keys in order, and the rank of each row's key (n,).

    >>> ranked(np.array([7, 2, 7]), 10)
    (array([2, 7]), array([1, 0, 1]))
    """
    if limit > 4 * len(keys) + 1024:
        distinct, ranks = np.unique(keys, return_inverse=True)
        return distinct, ranks
    present = np.bincount(keys, minlength=limit) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[keys]


def exact_sums(words: Int64s, codes: Int32s | Int64s, count: int) -> list[int]:
    """Add up numbers below 2**40 by cell, exactly, for up to 2**33 rows.

    Args:
        words: numbers, none negative (n,).
        codes: the cell of each (n,), from 0 to count - 1.
        count: of the cells.

    Returns:
        The sum of each cell, as an integer of any size.
    """
    halves = (words & 0xFFFFF, words >> 20)  # floats add integers exactly up to 2**53
    low, high = (np.bincount(codes, weights=half, minlength=count).tolist() for half in halves)
    return [int(a) + (int(b) << 20) for a, b in zip(low, high, strict=True)]
