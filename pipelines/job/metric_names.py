"""The names of metrics, by task: those that are estimated by default, and those that a job lists."""

from __future__ import annotations

from typing import Literal

from pipelines.models.catalogue import TaskType

Metric = Literal[
    "accuracy",
    "precision",
    "recall",
    "f1",
    "specificity",
    "balanced_accuracy",
    "mcc",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "precision_weighted",
    "recall_weighted",
    "f1_weighted",
    "mae",
    "rmse",
    "bias",
    "median_absolute_error",
    "p90_absolute_error",
]

BY_DEFAULT: dict[TaskType, tuple[Metric, ...]] = {
    "classification": ("accuracy", "precision", "recall", "f1"),
    "regression": ("mae", "rmse", "bias", "median_absolute_error"),
}
ON_REQUEST: dict[TaskType, tuple[Metric, ...]] = {
    "classification": (
        *("specificity", "balanced_accuracy", "mcc"),
        *("precision_macro", "recall_macro", "f1_macro"),
        *("precision_weighted", "recall_weighted", "f1_weighted"),
    ),
    "regression": ("p90_absolute_error",),
}
WATCHABLE = ("accuracy", "precision", "recall", "f1", "mae", "rmse")  # by `[[alerts]]`
LATER = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error")


def metrics_of(task: TaskType) -> tuple[Metric, ...]:
    """Return every metric of a task, those of every job first."""
    return (*BY_DEFAULT[task], *ON_REQUEST[task])


def refuse_later(value: object) -> object:
    """Return the metrics of a job file; refuse those of scores by name.

    Raises:
        ValueError: one of them is not estimated yet: no interval of it was measured.
    """
    named = value if isinstance(value, (list, tuple)) else ()
    if refused := [name for name in named if name in LATER]:
        raise ValueError(
            f"{', '.join(refused)}: not estimated yet, because no interval for samples of "
            "scores was measured"
        )
    return value
