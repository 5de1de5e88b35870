"""Numbers, times and findings in words that need no statistics."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import span, windows
from labeling.report.content import ERRORS, Funnel, ReportData, is_answered_enough

NAMES = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "mae": "Mean absolute error",
    "rmse": "Root mean square error",
}
_SPACE = "\u00a0"  # does not break


def name_of(data: ReportData) -> str:
    """Return the leading metric as people call it."""
    metric, class_ = data.leading or ("accuracy", None)
    return NAMES[metric] + (f" of “{class_}”" if class_ is not None else "")


def percent(share: float, digits: int = 0) -> str:
    r"""Return a share as text, never 100 % or 0 % of what is not.

    >>> percent(0.6631), percent(0.6631, 1), percent(0.9996)
    ('66\xa0%', '66.3\xa0%', '99.96\xa0%')
    """
    for enough in range(digits, 5):
        text = f"{share * 100:.{enough}f}"
        if share in (0, 1) or float(text) not in (0.0, 100.0):
            return f"{text}{_SPACE}%"
    return f"{share * 100:.{digits}f}{_SPACE}%"


def number(value: float) -> str:
    """Return a number to three or four digits.

    >>> number(1234.5), number(0.012345), number(14.0)
    ('1,234', '0.0123', '14')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def count(rows: int, of: str = "", many: str = "") -> str:
    """Return a count with its noun.

    >>> count(1, "answer"), count(12000, "batch", "batches")
    ('1 answer', '12,000 batches')
    """
    noun = of if rows == 1 else many or f"{of}s"
    return f"{rows:,} {noun}" if of else f"{rows:,}"


def amount(metric: str, value: float, digits: int = 0) -> str:
    """Return a metric's value in its unit: shares in percent, errors as numbers."""
    return number(value) if metric in ERRORS else percent(value, digits)


def digits(one: Estimate) -> int:
    """Return how many digits a share's interval is good for."""
    if one.low is None or one.high is None:
        return 0
    length = one.high - one.low
    return 0 if length >= 0.04 else 1


def interval(one: Estimate) -> str:
    """Return an estimate as a value and its limits.

    A dash stands for what the answers cannot say.
    """
    if one.value is None:
        return "–"
    many = digits(one)
    value = amount(one.metric, one.value, many)
    if one.low is None or one.high is None:
        return f"{value} (no interval)"
    if one.low == one.high:
        return f"{value} (exact{_partly(one)})"
    return f"{value} ({limits(one)})"


def _partly(one: Estimate) -> str:
    return f" for {one.rows_covered:,} of {one.rows:,} rows" if one.is_partial else ""


def limits(one: Estimate) -> str:
    """Return an interval's two ends."""
    if one.low is None or one.high is None:
        return "–"
    low, high = (amount(one.metric, limit, digits(one)) for limit in (one.low, one.high))
    return f"{low.removesuffix(_SPACE + '%')}–{high}"


def dates(window: str, timezone: str) -> str:
    r"""Return a window as people write dates; its own name where that has no time.

    >>> dates("2026-W47", "UTC"), dates("2026-11-20T05", "UTC"), dates("north", "UTC")
    ('16–22 November 2026', '20 November 2026, 05–06\xa0h', 'north')
    """
    found = span(window, timezone)
    if found is None:
        return "all batches" if window == "all" else window
    begin, end = found
    last = end - timedelta(seconds=1)
    if end - begin < timedelta(hours=2):
        return f"{_day(begin)}, {begin:%H}–{(begin.hour + 1):02d}{_SPACE}h"
    if begin.date() == last.date():
        return _day(begin)
    if begin.day == 1 and (last + timedelta(days=1)).day == 1:
        return f"{begin:%B %Y}"
    if begin.month == last.month:
        return f"{begin.day}–{_day(last)}"
    year = "" if begin.year == last.year else f" {begin.year}"
    return f"{begin.day} {begin:%B}{year} – {_day(last)}"


def _day(moment: datetime | date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def possessive(one: Estimate, data: ReportData) -> str:
    """Return the predictions that an estimate is about: "last week's predictions (…)"."""
    found = span(one.window, data.timezone)
    if found is None:
        if one.window == "all":
            return "all predictions so far"
        return f"the predictions of {one.window}"
    end = found[1]
    today = data.at.astimezone(ZoneInfo(data.timezone))
    ago = today - end
    when = dates(one.window, data.timezone)
    if one.period == "week" and timedelta(0) <= ago < timedelta(days=7):
        return f"last week’s predictions ({when})"
    if one.period == "day" and timedelta(0) <= ago < timedelta(days=1):
        return f"yesterday’s predictions ({when})"
    return f"the predictions of {when}" + ("" if ago >= timedelta(0) else ", so far,")


def headline(one: Estimate, data: ReportData) -> Markup:
    """Return the one sentence that the report is about, its figures marked."""
    if one.value is None:
        return Markup(
            "Nobody has answered yet, so nothing is known about how good the predictions are."
        )
    if is_led_by_missing(one):
        return _missing_first(one, data)
    if one.low is None or one.high is None or one.low == one.high:
        return _subject(one, data, _marked(one, one.value)) + Markup(".")
    between = Markup("between {} and {}").format(_marked(one, one.low), _marked(one, one.high))
    judged = Markup(" (95{}% interval), judged from {}.").format(
        _SPACE, count(one.n_answered, "answer")
    )
    return _subject(one, data, between) + judged


def is_led_by_missing(one: Estimate) -> bool:
    """Say whether so many answers are missing that what they could change comes first."""
    return not is_answered_enough(one) and None not in (
        one.value_if_missing_wrong,
        one.value_if_missing_right,
    )


def _missing_first(one: Estimate, data: ReportData) -> Markup:
    ends = sorted([one.value_if_missing_wrong or 0.0, one.value_if_missing_right or 0.0])
    between = Markup("between {} and {}").format(*(_marked(one, end) for end in ends))
    missing = one.n_asked - one.n_answered
    luck = (
        ""
        if one.low is None or one.high is None
        else f", give or take {points(one.metric, (one.high - one.low) / 2)}"
    )
    said = Markup("{}: {} of {:,} {} no answer.").format(
        luck, missing, one.n_asked, "questions have" if missing > 1 else "questions has"
    )
    return _subject(one, data, between) + said


def subline(one: Estimate) -> str:
    """Return what the headline leaves out, in a sentence or two."""
    if one.value is None:
        return ""
    if one.low is None or one.high is None:
        return "The answers are too few for an interval."
    if one.low == one.high and not one.is_partial:
        return "Every row was checked: this is no estimate."
    covered = (
        f" It speaks of {one.rows_covered:,} of the {one.rows:,} predictions: nothing is known of the others."
        if one.is_partial
        else ""
    )
    if one.low == one.high:
        return f"Every one of the covered rows was checked.{covered}"
    if not is_led_by_missing(one):
        return f"The best single figure is {_amount(one, one.value)}.{covered}"
    return (
        "The range is what the missing answers could change; what is to give or take is the luck of the draw. "
        f"The {count(one.n_answered, 'answer')} alone say {_amount(one, one.value)}, with a 95{_SPACE}% interval from "
        f"{_amount(one, one.low)} to {_amount(one, one.high)}: true only if the missing ones would be like those given.{covered}"
    )


def since(one: Estimate, data: ReportData) -> str:
    """Return how many later windows were scored and not judged; nothing without any."""
    judged = {found.window for found in data.of(one.period) if found.n_answered}
    scored = {windows(batch.name).get(one.period, "") for batch in data.batches}
    later = [window for window in scored - judged if window > one.window]
    if not later:
        return ""
    return f"Since then, {count(len(later), one.period)} {'was' if len(later) == 1 else 'were'} scored of which nobody has judged a row."


def watched(data: ReportData) -> list[str]:
    """Return the lines that alerts watch, in words."""
    return [
        f"{line.metric}{f' of “{line.class_}”' if line.class_ is not None else ''}"
        f"{f' for {line.cohort}' if line.cohort is not None else ''} "
        f"{'below' if line.below is not None else 'above'} {line.below if line.below is not None else line.above:g} in a {line.period}"
        for line in data.lines
    ]


def _subject(one: Estimate, data: ReportData, about: Markup) -> Markup:
    """Return "… of last week's predictions were right", or what a metric says instead."""
    which = possessive(one, data)
    match one.metric:
        case "accuracy":
            said = Markup("{} of {} were right").format(about, which)
        case "mae":
            said = Markup("On average, {} were off by {}").format(which, about)
        case "rmse":
            said = Markup("The root mean square error of {} is {}").format(which, about)
        case "recall":
            said = Markup("{} of what really was “{}” was found in {}").format(
                about, one.class_, which
            )
        case "precision":
            said = Markup("Where {} said “{}”, {} were right").format(which, one.class_, about)
        case _:
            said = Markup("The F1 of “{}” in {} is {}").format(one.class_, which, about)
    return (
        Markup("B") + said[1:] if said.startswith("between") else said
    )  # a sentence begins with a capital


def _marked(one: Estimate, value: float) -> Markup:
    return Markup("<b>{}</b>").format(_amount(one, value))


def _amount(one: Estimate, value: float) -> str:
    return amount(one.metric, value, digits(one))


def points(metric: str, length: float) -> str:
    r"""Return a length on a metric's axis: points of a percentage, or a number.

    >>> points("accuracy", 0.0795), points("mae", 1.5)
    ('8.0\xa0points', '1.5')
    """
    return number(length) if metric in ERRORS else f"{length * 100:.1f}{_SPACE}points"


def stages(funnel: Funnel) -> list[tuple[str, str, str]]:
    """Return the stages of a funnel as (number, name, remark)."""
    return [
        (f"{funnel.source:,}", "source rows", ""),
        (f"{funnel.scored:,}", "scored", f"in {count(funnel.batches, 'batch', 'batches')}"),
        (
            f"{funnel.covered:,}",
            "covered",
            f"in {count(funnel.batches_covered, 'batch', 'batches')}",
        ),
        (f"{funnel.asked:,}", "asked", ""),
        (f"{funnel.answered:,}", "answered", _share(funnel.answered, funnel.asked)),
    ]


def _share(part: int, of: int) -> str:
    return percent(math.floor(100 * part / of) / 100) if of else ""
