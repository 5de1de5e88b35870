"""Metrics of a model on its hold-out: what a package says of itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.columns.buffers import Floats, Int32s
from pipelines.features.mapped import Mapped
from pipelines.models.catalogue import TaskType
from pipelines.models.evaluator import Evaluator


def holdout_metrics(
    task: TaskType, evaluator: Evaluator, held: Sequence[Mapped], targets: Int32s | Floats
) -> dict[str, float]:
    """Measure a model.

    Args:
        task: classes or numbers.
        evaluator: the model.
        held: the mapped rows of the hold-out (n in all).
        targets: their classes as codes, or their numbers: (n,).

    Returns:
        For numbers `mae` and `rmse`; for classes the share that is right,
        `accuracy`, and that of the most frequent class, `largest_class`. With
        both, the number of rows.
    """
    scores = [evaluator.predict(part) for part in held]
    if task == "regression":
        values = [part.value for part in scores if part.value is not None]
        error = np.concatenate(values) - targets
        measured = {"mae": np.abs(error).mean(), "rmse": np.sqrt((error**2).mean())}
    else:
        codes = np.concatenate([part.codes for part in scores if part.codes is not None])
        largest = np.bincount(targets.astype(np.int64)).max() / len(targets)
        measured = {"accuracy": (codes == targets).mean(), "largest_class": largest}
    return {name: float(value) for name, value in measured.items()} | {
        "holdout_rows": float(len(targets))
    }
