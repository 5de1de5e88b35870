"""Values of answers: parsed from a result of Label Studio, or from a cell of a file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from labeling.questions.survey import CONTROL, WORD_JOINER
from pipelines.columns.spelling import canonical

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


AnswerState = Literal["valid", "skipped", "invalid", "outcome", "deleted"]


def parse_result(result: object, answers: Sequence[str]) -> tuple[str | None, AnswerState]:
    """Return the answer in an annotation's `result`, and whether it counts.

    Args:
        result: the list of regions that Label Studio stores.
        answers: the allowed answers; if empty, any number is allowed.

    >>> choice = {"from_name": "answer", "type": "choices", "value": {"choices": ["3.0"]}}
    >>> parse_result([choice], ["3", "4"])
    ('3', 'valid')
    >>> parse_result([choice, choice], ["3", "4"])
    (None, 'invalid')
    """
    regions = result if isinstance(result, list) else []
    values = [
        value
        for region in regions
        if isinstance(region, dict) and region.get("from_name") == CONTROL
        for value in _values(region.get("value"))
    ]
    return parse_answer(values[0], answers) if len(values) == 1 else (None, "invalid")


def parse_answer(value: object, answers: Sequence[str]) -> tuple[str | None, AnswerState]:
    """Return an answer in its canonical spelling, and whether it counts.

    Case, and blanks at the ends, do not matter where only one of the answers is meant.

    >>> parse_answer(" Yes", ["yes", "no"]), parse_answer("A", ["a", "á"])
    (('yes', 'valid'), ('a', 'valid'))
    >>> parse_answer("1e3", []), parse_answer("nan", []), parse_answer("maybe", ["yes", "no"])
    (('1000', 'valid'), ('nan', 'invalid'), ('maybe', 'invalid'))
    """
    if isinstance(value, str):
        # `survey` puts it into answers that Label Studio would read as a reference
        value = value.replace(WORD_JOINER, "")
    text = canonical(value) if isinstance(value, str | int | float) else None
    if text is None:
        return None, "invalid"
    text = written(text)
    if answers:
        meant = _meant(text, tuple(answers))
        return (text, "invalid") if meant is None else (meant, "valid")
    if not _NUMBER.fullmatch(text.strip()):  # Python reads more, such as 1_000
        return text, "invalid"
    number = float(text)
    return (canonical(number), "valid") if math.isfinite(number) else (text, "invalid")


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


def _values(value: object) -> list[object]:
    if not isinstance(value, dict):
        return []
    chosen = value.get("choices")
    if isinstance(chosen, list):
        return chosen
    return [value["number"]] if "number" in value else []
