"""What a job asks about each of its rows, and the instructions that people read before they begin.

Labelers are blind: nothing here speaks of the prediction, of the design or of
the target.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from labeling.questions.images import are_small
from labeling.questions.shown import ShownColumn

CONTROL = "answer"  # the name of the control that takes the answer, in every configuration
REASONS = "cannot_tell"  # that of the reasons why a number cannot be told
CANNOT_TELL = "cannot tell: "  # stands before the reason in what Label Studio stores
WORD_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class Survey:
    """The question of a job about each of its rows.

    `answers` are the classes that may be right; without any, the answer is
    a number, in this unit and within these limits. `cannot_tell` are reasons
    why somebody may be unable to answer. `links` are columns that hold addresses
    which people may open. `small_pictures` says that all pictures
    are so small that they are drawn larger.
    """

    question: str
    answers: tuple[str, ...]
    columns: tuple[ShownColumn, ...]
    instructions: str = ""
    guideline: str | None = None
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    cannot_tell: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    small_pictures: bool = False


def fitted(survey: Survey, shown: Iterable[str]) -> Survey:
    """Return the survey with the size of the pictures that it shows.

    Args:
        survey: what the job asks.
        shown: what people see of each row, as `labeling.questions.shown` writes it.

    Returns:
        The survey, as it is where it shows no pictures.
    """
    if not any(column.kind == "image" for column in survey.columns):
        return survey
    uris = (
        value
        for text in shown
        for key, value in json.loads(text).items()
        if key.startswith("image")
    )
    return replace(survey, small_pictures=are_small(uris))


def instructions_html(survey: Survey) -> str:
    """Return what people read before they begin, as HTML; empty when there is nothing to say.

    >>> instructions_html(Survey("?", (), (), "Take <your> time."))
    '<p>Take &lt;your&gt; time.</p>'
    """
    parts = [
        f"<p>{html.escape(text)}</p>" for text in survey.instructions.split("\n\n") if text.strip()
    ]
    if survey.guideline is not None:
        link = html.escape(survey.guideline)
        parts.append(f'<p><a href="{link}" target="_blank" rel="noopener">Guideline</a></p>')
    return "".join(parts)
