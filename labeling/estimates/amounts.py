"""The figures of an estimate as text: one module for the terminal and for the report.

It lies beside the estimates, because both readers are above them and neither
may import the other. Each reader has a notation of its own; which figure
is a share, which digits count and which range leads is decided here, once.

The module imports nothing that is slow to load: every command of the terminal does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labeling.estimates.estimate import Estimate

ERRORS = ("mae", "rmse")  # means of errors, which have a tail
SIZES = (*ERRORS, "median_absolute_error", "p90_absolute_error")  # of errors, none below 0
LOSSES = ("log_loss", "brier", "calibration_error")  # of scores, none below 0
NUMBERS = (*SIZES, "bias", "mcc", "log_loss", "brier")  # no shares: with a unit, or without one
LOWER_IS_BETTER = (*SIZES, "bias", *LOSSES)
AVERAGES = (
    *("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro"),
    *("precision_weighted", "recall_weighted", "f1_weighted", "mcc"),
)
LEADING = (
    "accuracy",
    *SIZES,
    "bias",
    *AVERAGES,
    *LOSSES,
)  # of all classes; the first that is estimated leads
OF_CLASSES = ("precision", "recall", "f1", "specificity", "roc_auc", "average_precision")
_NEGLIGIBLE = 0.25  # of half the interval: what missing answers may change, and it still leads
_ROUNDING = 1e-12
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Notation:
    """The notation of figures for one kind of reader.

    Attributes:
        share: writes a share, to so many digits of a percentage at least.
        number: writes an error in the unit of what is predicted.
        unit: what `share` ends with.
        to: stands between the two ends of a range.
    """

    share: Callable[[float, int], str]
    number: Callable[[float], str]
    unit: str
    to: str

    def amount(self, metric: str, value: float, digits: int) -> str:
        """Write a value of a metric.

        Args:
            metric: its name; those in `NUMBERS` are no shares.
            value: the value; a share lies within [0, 1].
            digits: of a percentage, after the point.

        Returns:
            The text, with its unit.
        """
        return self.number(value) if metric in NUMBERS else self.share(value, digits)

    def bounded(self, metric: str, ends: tuple[float | None, float | None], digits: int) -> str:
        """Write what a metric without a point is at least and at most.

        Args:
            metric: its name.
            ends: the lower and the upper one, None where there is none; not both.
            digits: of a percentage, after the point.

        Returns:
            The text, such as `at least 31.0 %`.
        """
        low, high = ends
        if low is not None and high is not None:
            return self.between(metric, (low, high), digits)
        end, words = (low, "at least") if low is not None else (high, "at most")
        return f"{words} {self.amount(metric, end or 0.0, digits)}"

    def between(self, metric: str, ends: tuple[float, float], digits: int) -> str:
        """Write a range with its unit once.

        Args:
            metric: its name.
            ends: the lower and the upper one.
            digits: of a percentage, after the point.

        Returns:
            The text, such as `62.0 to 71.0 %`.
        """
        low, high = (self.amount(metric, end, digits) for end in ends)
        return f"{low.removesuffix(self.unit)}{self.to}{high}"


def percent(share: float, digits: int = 0) -> str:
    r"""Write a share for the page; what is not all or nothing never reads 100 % or 0 %.

    >>> percent(0.6631), percent(0.6631, 1), percent(0.9996)
    ('66\xa0%', '66.3\xa0%', '99.96\xa0%')
    """
    for enough in range(digits, 5):
        text = f"{share * 100:.{enough}f}"
        if share in (0, 1) or float(text) not in (0.0, 100.0):
            return f"{text}{NO_BREAK}%"
    return f"{share * 100:.{digits}f}{NO_BREAK}%"


def number(value: float) -> str:
    """Write a number for the page, to three or four digits.

    >>> number(1234.5), number(0.012345), number(14.0)
    ('1,234', '0.0123', '14')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


PAGE = Notation(percent, number, unit=f"{NO_BREAK}%", to="–")
TERMINAL = Notation(
    lambda share, digits: f"{share * 100:.{digits}f} %", "{:.4g}".format, unit=" %", to=" to "
)


def ends_without_point(one: Estimate) -> tuple[float | None, float | None] | None:
    """Return what an estimate without a point is at least and at most; None where nothing is known.

    None in place of an end says nothing: a share is at least 0 and at most 1.
    """
    if one.value is not None or one.low is None or one.high is None:
        return None
    low, high = one.low if one.low > 0 else None, one.high if one.high < 1 else None
    return None if low is None and high is None else (low, high)


def is_told(one: Estimate) -> bool:
    """Say whether the answers tell anything of a figure: a value, or what it is at least or at most."""
    return one.value is not None or ends_without_point(one) is not None


def range_if_missing(one: Estimate) -> tuple[float, float] | None:
    """Return the lowest and the highest value that the missing answers leave, where both are known."""
    wrong, right = one.value_if_missing_wrong, one.value_if_missing_right
    if wrong is None or right is None:
        return None
    return min(wrong, right), max(wrong, right)


def leading_range(one: Estimate) -> tuple[float, float] | None:
    """Return the range that leads instead of the interval, where missing answers weigh too much.

    They do where what they could change is more than a quarter of what the draw
    could: people skip what is hard, and the interval knows nothing of that. The
    range reaches from the value if all missing answers spoke against the model,
    less half the interval's length, to the value if all spoke for it, and half
    the length more; of a share further, where as many answers would leave more
    room there than at its value. None where the interval leads.

    Source: Manski, Partial Identification of Probability Distributions (2003);
        Imbens and Manski, Econometrica 72 (2004), on intervals around such a range.
    """
    ends = range_if_missing(one)
    if ends is None:
        return None
    half = 0.0 if one.low is None or one.high is None else (one.high - one.low) / 2
    if (ends[1] - ends[0]) / 2 <= _NEGLIGIBLE * half + _ROUNDING * abs(ends[1]):
        return None
    low, high = ends[0] - half, ends[1] + half
    if one.metric in {"bias", "mcc"}:
        return low, high
    low = max(low, 0.0)
    if one.metric in NUMBERS:
        return low, high
    lowest, highest = _limits_of(one, ends)
    return min(low, lowest), min(max(high, highest), 1.0)


def _limits_of(one: Estimate, ends: tuple[float, float]) -> tuple[float, float]:
    """Return Wilson's lower limit at the lower end and the upper one at the upper end.

    They count as many answers as the estimate's own interval.
    """
    import numpy as np

    from labeling.formulas.intervals import effective_answers, wilson

    if one.value is None or one.low is None or one.high is None:
        return ends
    answers = effective_answers(one.value, one.low, one.high)
    found = wilson(np.array(ends), np.array([answers, answers]))
    return float(found.low[0]), float(found.high[1])
