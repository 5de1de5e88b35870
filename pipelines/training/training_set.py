"""The rows of a fit, divided into those that train and those that measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Floats, Int32s
from pipelines.training.rows import TrainingRows
from pipelines.training.selection import Selection, select


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Selected rows, one entry per fragment and batch that has any."""

    selection: Selection
    training: list[TrainingRows]
    holdout: list[TrainingRows]


def training_set(rows: Sequence[TrainingRows], *, holdout: float, max_rows: int) -> TrainingSet:
    """Select the rows of a fit.

    Args:
        rows: every usable row, one entry per fragment and batch; at least one.
        holdout: share of the selected rows that measures, above 0 and below 1.
        max_rows: how many are selected at most.

    Returns:
        The selected rows, in the order of `rows`.
    """
    hashes = np.concatenate([part.hashes for part in rows])
    times = [part.micros for part in rows if part.micros is not None]
    micros = np.concatenate(times) if times else None
    selection = select(hashes, micros, holdout=holdout, max_rows=max_rows)
    masks = [selection.masks(part.hashes, part.micros) for part in rows]
    training, held = (
        [part.of(mask[which]) for part, mask in zip(rows, masks, strict=True) if mask[which].any()]
        for which in (0, 1)
    )
    return TrainingSet(selection, training, held)


def targets_of(rows: Sequence[TrainingRows], labels: Sequence[str]) -> Int32s | Floats:
    """Return the targets (n,): codes into the labels, or numbers where there are no labels."""
    targets = [text for part in rows for text in part.targets.to_pylist()]
    if not labels:
        return np.array([float(text) for text in targets])
    codes = {label: code for code, label in enumerate(labels)}
    return np.array([codes[text] for text in targets], dtype=np.int32)
