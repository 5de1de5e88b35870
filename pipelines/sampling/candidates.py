"""Rows without predictions that people can be asked to label: which ones, and in which order."""

from __future__ import annotations

import numpy as np

from pipelines.columns.buffers import Bools, Hashes, Int64s


def in_order(ids: Hashes, digests: Hashes, draws: Hashes) -> Int64s:
    """Return one row of each key, in the order of keyed hashes.

    Copies of a key that differ name no row, so none of them is a candidate.

    Args:
        ids: prediction ids (n, 2), which stand for keys.
        digests: of what each row holds (n, 2).
        draws: keyed hashes of the purpose "fit" (n, 2).

    Returns:
        Places of the candidates (m,).
    """
    order = np.lexsort((digests[:, 0], ids[:, 1], ids[:, 0]))
    begins, differs = _changes(ids[order]), _changes(digests[order])
    key = np.cumsum(begins)
    ambiguous = np.isin(key, key[differs & ~begins])
    usable = order[begins & ~ambiguous]
    return usable[np.lexsort((draws[usable, 1], draws[usable, 0]))]


def within_budget(stays: Bools, budget: int) -> Int64s:
    """Choose the candidates that stay drawn and, up to a budget, the first of the others.

    >>> within_budget(np.array([False, True, False, False]), 3).tolist()
    [0, 1, 2]
    """
    room = max(budget - int(stays.sum()), 0)
    return np.sort(np.concatenate([np.flatnonzero(stays), np.flatnonzero(~stays)[:room]]))


def _changes(rows: Hashes) -> Bools:
    """Compare each row (n, 2) with the one before it: (n,), true where they differ."""
    return np.append([True], (rows[1:] != rows[:-1]).any(axis=1))[: len(rows)]
