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
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_error",
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
        *("roc_auc", "average_precision", "log_loss", "brier", "calibration_error"),
    ),
    "regression": ("p90_absolute_error",),
}
_BOTH, _BELOW, _ABOVE = ("below", "above"), ("below",), ("above",)
WATCHABLE: dict[Metric, tuple[str, ...]] = {  # by `[[alerts]]`, on which sides
    **dict.fromkeys(BY_DEFAULT["classification"], _BOTH),
    **dict.fromkeys(("mae", "rmse"), _BOTH),
    **dict.fromkeys(("specificity", "balanced_accuracy", "mcc"), _BELOW),
    **dict.fromkeys(("precision_macro", "recall_macro", "f1_macro"), _BELOW),
    **dict.fromkeys(("precision_weighted", "recall_weighted", "f1_weighted"), _BELOW),
    **dict.fromkeys(("roc_auc", "average_precision"), _BELOW),
    **dict.fromkeys(("log_loss", "brier"), _ABOVE),
}
UNWATCHED: dict[Metric, str] = {
    "calibration_error": "a line would be crossed by chance in every second year: its lower limit is measured at 95 in 100 alone",
    "bias": "no limit at the error of an alert was measured; watch mae",
    "median_absolute_error": "no limit at the error of an alert was measured; watch mae",
    "p90_absolute_error": "no limit at the error of an alert was measured; watch mae",
}
OF_PROBABILITIES = ("roc_auc", "average_precision", "log_loss", "brier")  # of every class
OF_SCORES = (*OF_PROBABILITIES, "calibration_error")  # the last of the label's score alone


def metrics_of(task: TaskType) -> tuple[Metric, ...]:
    """Return every metric of a task, those of every job first."""
    return (*BY_DEFAULT[task], *ON_REQUEST[task])


def unwatched(metric: Metric, side: str) -> str:
    """Say why an alert's line cannot watch a metric on a side; nothing where it can."""
    if metric in UNWATCHED:
        return f'"{metric}" cannot be watched: {UNWATCHED[metric]}'
    if side not in WATCHABLE[metric]:
        [other] = WATCHABLE[metric]
        good = "higher" if other == "below" else "lower"
        return f'"{metric}" takes `{other}` and not `{side}`: the {good} the better'
    return ""
