"""Alerts: lines that a metric has surely crossed, with a false alarm in one year of twenty at most.

A 95 % interval that is looked at every week gives a false alarm in 76 % of the
years. So each line is held against an exact one-sided bound whose error is 5 %
a year, shared by all looks of the year: windows times lines. A window is
looked at when it is over and its batches have settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from labeling.estimates.estimate import Estimate, widest
from labeling.estimates.windows import a_year, closes
from labeling.formulas.intervals import effective_answers, exact_bound
from pipelines.job.sections import AlertRule, Batches

ERROR = 0.05  # a year, for all lines of a job together

_DAILY = 366  # looks a year at batches whose names say nothing of time
_SHARES = ("accuracy", "precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Alert:
    """A line that a metric has surely crossed."""

    metric: str
    class_: str | None
    cohort: str | None
    period: str
    window: str
    value: float
    bound: float  # what the metric is at most, or at least
    limit: float  # the line
    message: str

    def record(self) -> dict[str, object]:
        """Return the alert as `estimate --json` has it."""
        return {
            "metric": self.metric,
            "class": self.class_,
            "cohort": self.cohort,
            "period": self.period,
            "window": self.window,
            "value": self.value,
            "bound": self.bound,
            "limit": self.limit,
            "message": self.message,
        }


def alerts(
    estimates: Iterable[Estimate], lines: Sequence[AlertRule], *, at: datetime, batches: Batches
) -> list[Alert]:
    """Return the lines that closed windows have crossed, by line and window.

    Args:
        estimates: of all windows.
        lines: the job's `[[alerts]]`.
        at: a window that closes later is still open. Windows without a time in
            their name are never open.
        batches: how the job cuts them, and how long they settle.

    Returns:
        One alert for each line and window that has crossed it.

    Source: statistics of repeated looks: Bonferroni over the looks of a year;
        the bound is Korn and Graubard's, see `intervals.exact_bound`.
    """
    looked_at = [one for one in widest(estimates) if _is_closed(one, at, batches)]
    return [
        alert
        for line in lines
        for one in looked_at
        if _watches(line, one) and (alert := _crossed(line, one, len(set(map(_key, lines)))))
    ]


def bound(estimate: Estimate, error: float, *, upper: bool) -> float | None:
    """Return a one-sided limit of the truth.

    A share's is exact, with the number of answers of a simple random sample
    that would give as long an interval. An error's is its interval's side,
    lengthened as Student's quantiles are.

    Args:
        estimate: with its interval.
        error: how often the truth may lie beyond the limit, within (0, 1).
        upper: the limit above, else the one below.

    Returns:
        The limit; None where the interval is unknown.
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    if estimate.metric in _SHARES:
        answers = effective_answers(estimate.value, estimate.low, estimate.high)
        return exact_bound(estimate.value, answers, error, upper=upper)
    side = estimate.high if upper else estimate.low
    return estimate.value + (side - estimate.value) * _lengthened(error, estimate.n_answered)


def _lengthened(error: float, answers: int) -> float:
    from scipy.special import stdtrit

    freedom = max(answers - 1, 1)
    return float(stdtrit(freedom, 1 - error) / stdtrit(freedom, 0.975))


def _crossed(line: AlertRule, estimate: Estimate, lines: int) -> Alert | None:
    is_below = line.below is not None
    limit = line.below if line.below is not None else line.above
    error = ERROR / ((a_year(estimate.window) or _DAILY) * lines)
    reach = bound(estimate, error, upper=is_below)
    if limit is None or reach is None or estimate.value is None:
        return None
    if not (reach < limit if is_below else reach > limit):
        return None
    return Alert(
        metric=estimate.metric,
        class_=estimate.class_,
        cohort=estimate.cohort,
        period=estimate.period,
        window=estimate.window,
        value=estimate.value,
        bound=reach,
        limit=limit,
        message=_message(estimate, estimate.value, reach, limit, is_below=is_below),
    )


def _message(
    estimate: Estimate, value: float, reach: float, limit: float, *, is_below: bool
) -> str:
    of_class = f" of {estimate.class_!r}" if estimate.class_ is not None else ""
    among = f" for {estimate.cohort}" if estimate.cohort is not None else ""
    reached, side = ("at most", "below") if is_below else ("at least", "above")
    return (
        f"{estimate.metric}{of_class}{among} in {estimate.period} {estimate.window} is {reached} "
        f"{reach:.4g} ({value:.4g} from {estimate.n_answered} answers), {side} the line {limit:g}"
    )


def _is_closed(estimate: Estimate, at: datetime, batches: Batches) -> bool:
    end = closes(estimate.window, batches)
    return end is None or end <= at


def _watches(line: AlertRule, estimate: Estimate) -> bool:
    return _key(line) == (estimate.metric, estimate.class_, estimate.cohort, estimate.period)


def _key(line: AlertRule) -> tuple[str, str | None, str | None, str]:
    return line.metric, line.class_, line.cohort, line.period
