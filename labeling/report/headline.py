"""The sentence that the report is about, and the few that stand beside it."""

from __future__ import annotations

from labeling.estimates.amounts import (
    NO_BREAK,
    PAGE,
    ends_without_point,
    leading_range,
    percent,
)
from labeling.estimates.estimate import Estimate
from labeling.estimates.windows import windows
from labeling.report.content import ReportData
from labeling.report.newest_day import newest_day
from labeling.report.phrases import Phrase, figure, phrase
from labeling.report.wording import NAMES, count, digits, possessive

_NOT_ASKED = "Nobody has been asked yet, so nothing is known about how good the predictions are."
_NO_POINT = "Too few rows of the class were found for a single figure: it takes 3 among those predicted as it, and 3 among the others."
_NOT_ANSWERED = "Nobody has answered yet, so nothing is known about how good the predictions are."
_TOO_FEW = (
    "People have just begun to answer: a window counts a batch from 8 answers on, or when all its "
    "questions are decided."
)


def headline(estimate: Estimate | None, data: ReportData) -> Phrase:
    """Return the one sentence that the report is about.

    It names the interval, or the range that missing answers leave where they
    are many; beside a week, the newest day that is over, too.
    """
    if estimate is None:
        return phrase(_NOT_ASKED)
    if estimate.value is None and ends_without_point(estimate) is None:
        return phrase(_TOO_FEW if estimate.n_answered else _NOT_ANSWERED)
    return phrase("{}{}.", _of_window(estimate, data), newest_day(estimate, data))


def _of_window(estimate: Estimate, data: ReportData) -> Phrase:
    """Return the sentence about a window, without its full stop."""
    if (ends := ends_without_point(estimate)) is not None:
        return _judged(_about(estimate, data, _bounded(estimate, ends)), estimate)
    if is_led_by_missing(estimate):
        return _missing_first(estimate, data)
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return _about(estimate, data, _marked(estimate, estimate.value or 0.0))
    between = phrase(
        "between {} and {}", _marked(estimate, estimate.low), _marked(estimate, estimate.high)
    )
    return _judged(_about(estimate, data, between), estimate)


def _bounded(estimate: Estimate, ends: tuple[float | None, float | None]) -> Phrase:
    """Return "at least …", "at most …" or both ends, with the figures marked."""
    low, high = (None if end is None else _marked(estimate, end) for end in ends)
    if low is not None and high is not None:
        return phrase("between {} and {}", low, high)
    if low is not None:
        return phrase("at least {}", low)
    return phrase("at most {}", high or "")


def _judged(sentence: Phrase, estimate: Estimate) -> Phrase:
    """End a sentence with the level of its interval and the number of answers."""
    answers = count(estimate.n_answered, "answer")
    return phrase("{} (95{}% interval), judged from {}", sentence, NO_BREAK, answers)


def is_led_by_missing(estimate: Estimate) -> bool:
    """Say whether so many answers are missing that what they could change comes first."""
    return leading_range(estimate) is not None


def subline(estimate: Estimate) -> str:
    """Return what the headline leaves out, in a sentence or two."""
    if estimate.value is None:
        return _NO_POINT if ends_without_point(estimate) is not None else ""
    if estimate.low is None or estimate.high is None:
        return "The answers are too few for an interval."
    if estimate.low == estimate.high and not estimate.is_partial:
        return "Every row was checked: this is no estimate."
    covered = (
        f" It speaks of {estimate.rows_covered:,} of the {estimate.rows:,} predictions: the others are in batches with no answers, or too few."
        if estimate.is_partial
        else ""
    )
    if estimate.just_begun:
        covered += f" People have just begun: {count(estimate.n_answered, 'answer')} of {estimate.n_asked:,} {'is' if estimate.n_answered == 1 else 'are'} in."
    if estimate.low == estimate.high:
        return f"Every one of the covered rows was checked.{covered}"
    if not is_led_by_missing(estimate):
        return f"The best single figure is {_amount(estimate, estimate.value)}.{covered}"
    return (
        "The range holds what the missing answers could change, and the luck of the draw. "
        f"The {count(estimate.n_answered, 'answer')} alone say {_amount(estimate, estimate.value)}, with a 95{NO_BREAK}% interval from "
        f"{_amount(estimate, estimate.low)} to {_amount(estimate, estimate.high)}: true only if the missing ones would be like those given.{covered}"
    )


def whose(data: ReportData) -> str:
    """Say whose word counts as right, and how often people differ where several answered."""
    of = data.agreement
    if of is None or not of.shared or of.agree is None:
        return ""
    return (
        f"Right is what these people say: of {count(of.shared, 'question')} that several answered, "
        f"{percent(1 - of.agree)} got different answers."
    )


def again(estimate: Estimate, data: ReportData) -> str:
    """Say that rows were asked about again after answers were known; nothing without any."""
    inside = [
        batch for batch in data.topped_up if windows(batch).get(estimate.period) == estimate.window
    ]
    if not inside or estimate.value is None or estimate.low == estimate.high:
        return ""
    which = inside[0] if len(inside) == 1 else f"{len(inside)} batches of it"
    return (
        f"More rows of {which} were drawn after answers had come in. If that was because of the "
        "figure, the interval is too short: where people add rows until they like it, it holds "
        "79 to 85 times in 100 and not 95."
    )


def asks_more(estimate: Estimate, data: ReportData) -> str:
    """Say of which class the window's draws ask more; nothing without any."""
    classes = {
        class_
        for batch, class_ in data.asked_classes.items()
        if windows(batch).get(estimate.period) == estimate.window
    }
    if not classes:
        return ""
    named = " or ".join(f"“{class_}”" for class_ in sorted(classes))
    return (
        f"The draw asks more about rows that may be {named}, and each answer counts with the rows that "
        "it stands for: no figure is bent by it."
    )


def unlisted(estimate: Estimate) -> str:
    """Say which share of the rows nobody could call right; nothing without any."""
    if estimate.unlisted is None or not estimate.n_answered:
        return ""
    return (
        f"{percent(estimate.unlisted, 1)} of these predictions are of classes that people cannot choose: "
        "each counts as wrong, whatever people say."
    )


def since(estimate: Estimate, data: ReportData) -> str:
    """Say how many later windows were scored and not judged; nothing without any."""
    judged = {other.window for other in data.of(estimate.period) if other.n_answered}
    scored = {windows(batch.name).get(estimate.period, "") for batch in data.batches}
    later = [window for window in scored - judged if window > estimate.window]
    if not later:
        return ""
    return f"Since then, {count(len(later), estimate.period)} {'was' if len(later) == 1 else 'were'} scored of which nobody has judged a row."


def watched(data: ReportData) -> list[str]:
    """Return the lines that alerts watch, in words."""
    return [
        f"{line.metric}{f' of “{line.class_}”' if line.class_ is not None else ''}"
        f"{f' for {line.cohort}' if line.cohort is not None else ''} "
        f"{'below' if line.below is not None else 'above'} {line.below if line.below is not None else line.above:g} in a {line.period}"
        for line in data.lines
    ]


def _missing_first(estimate: Estimate, data: ReportData) -> Phrase:
    low, high = leading_range(estimate) or (0.0, 0.0)
    between = phrase("between {} and {}", _marked(estimate, low), _marked(estimate, high))
    missing = estimate.n_asked - estimate.n_answered
    have = "questions have" if missing > 1 else "questions has"
    rest = f": {missing} of {estimate.n_asked:,} {have} no answer"
    return phrase("{}{}", _about(estimate, data, between), rest)


def _about(estimate: Estimate, data: ReportData, amount: Phrase) -> Phrase:
    """Return "… of last week's predictions were right", or what a metric says instead."""
    which, class_ = possessive(estimate, data), estimate.class_ or ""
    match estimate.metric:
        case "accuracy":
            sentence = phrase("{} of {} were right", amount, which)
        case "mae":
            sentence = phrase("On average, {} were off by {}", which, amount)
        case "rmse":
            sentence = phrase("The root mean square error of {} is {}", which, amount)
        case "recall":
            sentence = phrase("{} of what people call “{}” was found in {}", amount, class_, which)
        case "precision":
            sentence = phrase("Where {} said “{}”, {} were right", which, class_, amount)
        case "f1":
            sentence = phrase("The F1 of “{}” in {} is {}", class_, which, amount)
        case _:
            of_class = f" of “{class_}”" if class_ else ""
            name = NAMES[estimate.metric]
            sentence = phrase("{}{}, in {}: {}", name, of_class, which, amount)
    return sentence.capitalized()


def _marked(estimate: Estimate, value: float) -> Phrase:
    return figure(_amount(estimate, value))


def _amount(estimate: Estimate, value: float) -> str:
    return PAGE.amount(estimate.metric, value, digits(estimate))


def only_of(data: ReportData) -> str:
    """Say which batches the page is about, where not all."""
    named, more = ", ".join(data.only[:5]), len(data.only) - 5
    rest = f" and {more} more" if more > 0 else ""
    these = "this batch" if len(data.only) == 1 else "these batches"
    return f"This page is about {these} only: {named}{rest}. “All batches” are these."
