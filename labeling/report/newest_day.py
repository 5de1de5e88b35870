"""The newest day that is over, beside the week: how good it was, in half a sentence."""

from __future__ import annotations

from labeling.estimates.amounts import PAGE, ends_without_point, is_told, leading_range
from labeling.estimates.estimate import Estimate
from labeling.report.content import ReportData
from labeling.report.phrases import Phrase, figure, phrase
from labeling.report.wording import count, digits, possessive


def newest_day(week: Estimate, data: ReportData) -> Phrase:
    """Return "; for yesterday's predictions (…), between … and … from 40 answers".

    Nothing where days are not told apart from the week: batches are weeks, or have
    no time, or no day that is over has answers.
    """
    told = [one for one in data.of("day") if is_told(one) and data.is_closed(one.window)]
    if week.period == "day" or not told:
        return phrase("")
    newest = told[-1]
    return phrase(
        "; for {}, {} from {}",
        possessive(newest, data),
        _amounts(newest),
        _answers(newest),
    )


def _amounts(day: Estimate) -> Phrase:
    """Return the interval, or what missing answers leave of it; the figure where there is neither."""
    ends = leading_range(day) if day.value is not None else None
    low, high = ends or ends_without_point(day) or (day.low, day.high)
    if day.value is not None and (low is None or high is None or low == high):
        return _marked(day, day.value)
    if low is not None and high is not None:
        return phrase("between {} and {}", _marked(day, low), _marked(day, high))
    if low is not None:
        return phrase("at least {}", _marked(day, low))
    return phrase("at most {}", _marked(day, high) if high is not None else "")


def _answers(day: Estimate) -> str:
    if leading_range(day) is None or day.value is None:
        return count(day.n_answered, "answer")
    return f"{day.n_answered:,} answers to {day.n_asked:,} questions"


def _marked(day: Estimate, value: float) -> Phrase:
    return figure(PAGE.amount(day.metric, value, digits(day)))
