"""Rows of a batch that share a key: which of them are left out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.scoring.fragment_results import FragmentResult


def duplicates(results: Sequence[FragmentResult]) -> dict[tuple[str, int], str]:
    """Return the rows to leave out because another row of their batch has the same key.

    Of identical rows the first, in the order of (file, row), is kept. Rows that
    share a key and differ are all left out.

    Args:
        results: of all fragments of one batch, in any order.

    Returns:
        (file, row number within it) to the reason: `duplicate_row` for a copy
        of an identical row, `duplicate_key` where the rows differ.
    """
    if sum(len(result.ids) for result in results) < 2:
        return {}
    ordered = np.concatenate([result.ids[:, 0] for result in results])
    ordered.sort()
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return _left_out(sorted(results, key=_position), repeated) if len(repeated) else {}


def _position(result: FragmentResult) -> tuple[int, int]:
    return result.source_number, int(result.positions[0]) if len(result.positions) else 0


def _left_out(
    results: Sequence[FragmentResult], repeated: np.ndarray[Any, np.dtype[np.uint64]]
) -> dict[tuple[str, int], str]:
    """Compare the rows whose ids begin with repeated 64 bits; only wholly equal ids share a key."""
    copies: dict[bytes, list[tuple[str, int, bytes]]] = {}
    for result in results:
        for index in np.flatnonzero(np.isin(result.ids[:, 0], repeated)):
            row = (result.source, int(result.positions[index]), result.contents[index].tobytes())
            copies.setdefault(result.ids[index].tobytes(), []).append(row)
    left_out: dict[tuple[str, int], str] = {}
    for same_key in copies.values():
        if len({content for *_, content in same_key}) > 1:
            left_out |= {(source, row): "duplicate_key" for source, row, _ in same_key}
        else:
            left_out |= {(source, row): "duplicate_row" for source, row, _ in same_key[1:]}
    return left_out
