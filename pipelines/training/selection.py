"""The choice of the rows that train and those that measure: by time or by keyed hash, up to a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Hashes, Int64s


@dataclass(frozen=True, slots=True)
class Selection:
    """Thresholds that tell training rows from the hold-out."""

    highest: int  # rows with a larger hash (high 64 bits) are left out
    latest: int | None  # microseconds: later rows are the hold-out
    held_from: int | None  # without a time: rows from this hash on are the hold-out

    def masks(self, hashes: Hashes, micros: Int64s | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the masks (n,) of the training rows and of the hold-out."""
        high = hashes[:, 0]
        chosen = high <= np.uint64(self.highest)
        if self.latest is not None and micros is not None:
            held = micros > self.latest
        elif self.held_from is not None:
            held = high >= np.uint64(self.held_from)
        else:
            held = np.zeros(len(high), np.bool_)
        return chosen & ~held, chosen & held


def select(hashes: Hashes, micros: Int64s | None, *, holdout: float, max_rows: int) -> Selection:
    """Choose the rows that train and those that measure.

    Args:
        hashes: of every usable row (n, 2), purpose `fit`.
        micros: their times (n,), or None.
        holdout: share of the chosen rows that measures.
        max_rows: how many are chosen at most.

    Returns:
        The thresholds; they hold for the rows of every fragment.
    """
    high = np.sort(hashes[:, 0])[:max_rows]
    highest = int(high[-1])
    if micros is not None:
        times = np.sort(micros[hashes[:, 0] <= np.uint64(highest)])
        earlier = int(np.searchsorted(times, times[-1]))  # rows before the latest time
        last = min(int(np.ceil(len(times) * (1 - holdout))), earlier) - 1
        if 2 * earlier >= len(times):
            return Selection(highest, int(times[max(last, 0)]), None)
    place = int(len(high) * (1 - holdout))
    return Selection(highest, None, int(high[place]) if 0 < place < len(high) else None)
