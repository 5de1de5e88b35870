"""Values of answers: parsed from a result of Label Studio, or from a cell of a file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from labeling.questions.survey import CANNOT_TELL, CONTROL, REASONS, WORD_JOINER
from pipelines.columns.spelling import canonical

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WITH_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_PERHAPS_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")

# as `survey.CANNOT_TELL`, and as people type it: without a reason, or in another case
_REASON = re.compile(
    rf"\s*{CANNOT_TELL.strip(': ')}\s*(?::\s*(?P<why>.*\S)?\s*)?", re.IGNORECASE | re.DOTALL
)
_CHOICES, _TYPED, _OTHERS = ("choices",), ("text",), ("choices", "number")  # kinds of value

Limits = tuple[float, float]  # the smallest and the largest number that may be right
AnswerState = Literal["valid", "skipped", "invalid", "outcome", "deleted"]

ANY_NUMBER: Limits = (-math.inf, math.inf)


def parse_result(
    result: object, answers: Sequence[str], limits: Limits = ANY_NUMBER
) -> tuple[str | None, AnswerState]:
    """Return the answer in an annotation's `result`, and whether it counts.

    Args:
        result: the list of regions that Label Studio stores.
        answers: the allowed answers; if empty, numbers are allowed.
        limits: of those numbers.

    Returns:
        The answer and its state; of one that is `skipped`, the reason, if there is one.

    >>> choice = {"from_name": "answer", "type": "choices", "value": {"choices": ["3.0"]}}
    >>> parse_result([choice], ["3", "4"])
    ('3', 'valid')
    >>> parse_result([choice, choice], ["3", "4"])
    (None, 'invalid')
    """
    regions = result if isinstance(result, list) else []
    # A reason hides the field of the number. What is typed there, was typed after a
    # number of an earlier release, which the field does not show.
    for name, kinds in ((REASONS, _CHOICES), (CONTROL, _TYPED), (CONTROL, _OTHERS)):
        values = [value for region in regions for value in _values(region, name, kinds)]
        if values:
            break
    return parse_answer(values[0], answers, limits) if len(values) == 1 else (None, "invalid")


def parse_answer(
    value: object, answers: Sequence[str], limits: Limits = ANY_NUMBER
) -> tuple[str | None, AnswerState]:
    """Return an answer in its canonical spelling, and whether it counts.

    Case, and blanks at the ends, do not matter where only one of the answers is meant.

    Args:
        value: as somebody gave it.
        answers: the allowed answers; if empty, numbers are allowed.
        limits: of those numbers.

    Returns:
        The answer and its state; of one that is `skipped`, the reason.

    >>> parse_answer(" Yes", ["yes", "no"]), parse_answer("A", ["a", "á"])
    (('yes', 'valid'), ('a', 'valid'))
    >>> parse_answer("1e3", []), parse_answer("nan", []), parse_answer("maybe", ["yes", "no"])
    (('1000', 'valid'), ('nan', 'invalid'), ('maybe', 'invalid'))
    >>> parse_answer("3,5", []), parse_answer("3,500", []), parse_answer("7", [], (0, 5))
    (('3.5', 'valid'), ('3,500', 'invalid'), ('7', 'invalid'))
    >>> parse_answer("cannot tell: blurred", ["yes", "no"]), parse_answer("Cannot tell", [])
    (('blurred', 'skipped'), (None, 'skipped'))
    """
    if isinstance(value, str):
        # `survey` puts it into answers that Label Studio would read as a reference
        value = value.replace(WORD_JOINER, "")
    text = canonical(value) if isinstance(value, str | int | float) else None
    if text is None:
        return None, "invalid"
    text = written(text)
    meant = _meant(text, tuple(answers))
    if meant is not None:
        return meant, "valid"
    if (told := _REASON.fullmatch(text)) is not None:
        return told["why"], "skipped"
    return (text, "invalid") if answers else _number(text, limits)


def limits_of(minimum: float | None, maximum: float | None) -> Limits:
    """Return the limits of numbers; None is none.

    >>> limits_of(0, None)
    (0, inf)
    """
    return (-math.inf if minimum is None else minimum, math.inf if maximum is None else maximum)


def _meant(text: str, answers: tuple[str, ...]) -> str | None:
    """Return the answer that a text is: the very one, else the only one that differs by case or blanks."""
    allowed, by_letters = _spellings(answers)
    return text if text in allowed else by_letters.get(_letters(text))


@lru_cache(maxsize=16)
def _spellings(answers: tuple[str, ...]) -> tuple[frozenset[str], dict[str, str]]:
    """Return the answers in their canonical spelling, and each by its letters where no other has the same."""
    allowed = [str(canonical(answer.replace(WORD_JOINER, ""))) for answer in answers]
    many = Counter(map(_letters, allowed))
    return frozenset(allowed), {_letters(one): one for one in allowed if many[_letters(one)] == 1}


def _letters(text: str) -> str:
    """Return a text without its case, and without blanks at its ends."""
    return text.strip().casefold()


def written(text: str) -> str:
    r"""Return a text as tables can hold it: half a character becomes a question mark.

    >>> written("yes"), written("\ud800yes")
    ('yes', '?yes')
    """
    return text.encode(errors="replace").decode()


def _number(text: str, limits: Limits) -> tuple[str, AnswerState]:
    """Return a number that was typed; one that may be read in two ways is none.

    A comma is the decimal mark of most of Europe, and elsewhere it parts
    thousands: 3,5 can only be the former, 3,500 may be either.
    """
    plain = text.strip()
    if _WITH_COMMA.fullmatch(plain) and not _PERHAPS_THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):  # Python reads more, such as 1_000
        return text, "invalid"
    number = float(plain)
    is_right = math.isfinite(number) and limits[0] <= number <= limits[1]
    return (str(canonical(number)), "valid") if is_right else (text, "invalid")


def _values(region: Any, name: str, kinds: Sequence[str]) -> list[object]:
    """Return the values of these kinds in a region of one control."""
    if not isinstance(region, dict) or region.get("from_name") != name:
        return []
    value = region.get("value")
    if not isinstance(value, dict):
        return []
    given = [value[kind] for kind in kinds if kind in value]
    return [one for some in given for one in (some if isinstance(some, list) else [some])]
