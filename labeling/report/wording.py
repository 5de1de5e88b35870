"""Counts, windows and estimates in words that need no statistics."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from labeling.estimates.amounts import NO_BREAK, NUMBERS, PAGE, ends_without_point, number
from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import span
from labeling.report.content import ReportData

NAMES = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "mae": "Mean absolute error",
    "rmse": "Root mean square error",
    "bias": "Bias",
    "median_absolute_error": "Median absolute error",
    "p90_absolute_error": "90 % quantile of absolute errors",
    "specificity": "Specificity",
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "Matthews correlation",
    "precision_macro": "Precision, averaged over classes",
    "recall_macro": "Recall, averaged over classes",
    "f1_macro": "F1, averaged over classes",
    "precision_weighted": "Precision, averaged by the classes’ rows",
    "recall_weighted": "Recall, averaged by the classes’ rows",
    "f1_weighted": "F1, averaged by the classes’ rows",
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
}


def name_of(data: ReportData) -> str:
    """Return the leading metric as people call it."""
    metric, class_ = data.leading or ("accuracy", None)
    return NAMES[metric] + (f" of “{class_}”" if class_ is not None else "")


def count(rows: int, of: str = "", many: str = "") -> str:
    """Write a count with its noun.

    Args:
        rows: how many there are.
        of: the noun for one of them; without it, the number stands alone.
        many: the plural, where it is not the noun with an s.

    Returns:
        The text.

    >>> count(1, "answer"), count(12000, "batch", "batches")
    ('1 answer', '12,000 batches')
    """
    noun = of if rows == 1 else many or f"{of}s"
    return f"{rows:,} {noun}" if of else f"{rows:,}"


def digits(estimate: Estimate) -> int:
    """Return how many digits of a percentage the interval is good for."""
    if estimate.low is None or estimate.high is None:
        return 0
    length = estimate.high - estimate.low
    return 0 if length >= 0.04 else 1


def interval(estimate: Estimate) -> str:
    """Write an estimate as a value and its limits.

    A dash stands for what the answers cannot say.
    """
    many = digits(estimate)
    if (ends := ends_without_point(estimate)) is not None:
        return PAGE.bounded(estimate.metric, ends, many)
    if estimate.value is None:
        return "–"
    value = PAGE.amount(estimate.metric, estimate.value, many)
    if estimate.low is None or estimate.high is None:
        return f"{value} (no interval)"
    if estimate.low == estimate.high:
        return f"{value} (exact{_partly(estimate)})"
    return f"{value} ({PAGE.between(estimate.metric, (estimate.low, estimate.high), many)})"


def points(metric: str, length: float) -> str:
    r"""Write a length on a metric's axis: points of a percentage, or a number.

    >>> points("accuracy", 0.0795), points("mae", 1.5)
    ('8.0\xa0points', '1.5')
    """
    return number(length) if metric in NUMBERS else f"{length * 100:.1f}{NO_BREAK}points"


def dates(window: str, timezone: str) -> str:
    r"""Write a window as people write dates; by its name where that has no time.

    >>> dates("2026-W47", "UTC"), dates("2026-11-20T05", "UTC"), dates("north", "UTC")
    ('16–22 November 2026', '20 November 2026, 05–06\xa0h', 'north')
    """
    period = span(window, timezone)
    if period is None:
        return "all batches" if window == "all" else window
    begin, end = period
    last = end - timedelta(seconds=1)
    if end - begin < timedelta(hours=2):
        return f"{_day(begin)}, {begin:%H}–{(begin.hour + 1):02d}{NO_BREAK}h"
    if begin.date() == last.date():
        return _day(begin)
    if begin.day == 1 and (last + timedelta(days=1)).day == 1:
        return f"{begin:%B %Y}"
    if begin.month == last.month:
        return f"{begin.day}–{_day(last)}"
    year = "" if begin.year == last.year else f" {begin.year}"
    return f"{begin.day} {begin:%B}{year} – {_day(last)}"


def possessive(estimate: Estimate, data: ReportData) -> str:
    """Name the predictions that an estimate is about: "last week's predictions (…)"."""
    period = span(estimate.window, data.timezone)
    if period is None:
        if estimate.window == "all":
            return "all predictions so far"
        return f"the predictions of {estimate.window}"
    ago = data.at.astimezone(ZoneInfo(data.timezone)) - period[1]
    when = dates(estimate.window, data.timezone)
    if estimate.period == "week" and timedelta(0) <= ago < timedelta(days=7):
        return f"last week’s predictions ({when})"
    if estimate.period == "day" and timedelta(0) <= ago < timedelta(days=1):
        return f"yesterday’s predictions ({when})"
    return f"the predictions of {when}" + ("" if ago >= timedelta(0) else ", so far,")


def _day(moment: datetime | date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _partly(estimate: Estimate) -> str:
    return (
        f" for {estimate.rows_covered:,} of {estimate.rows:,} rows" if estimate.is_partial else ""
    )
