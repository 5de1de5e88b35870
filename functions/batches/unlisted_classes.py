"""Predicted classes that are not in the answer set: people cannot choose them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from unicodedata import normalize

_NAMED = 3  # classes in a message, of many


def warning_of(batch: str, counts: Mapping[str, int], answers: Sequence[str]) -> str | None:
    """Return a warning of predicted classes that nobody can choose; None where all are answers.

    Args:
        batch: the name of the batch.
        counts: predictions by label.
        answers: the answer set; without any, predictions are numbers.

    Returns:
        The classes, their share, and the way out.

    >>> warning_of("b", {"cat": 3, "dog": 1}, ["cat", "dog"]) is None
    True
    """
    unlisted = {label: count for label, count in counts.items() if label not in answers}
    if not answers or not unlisted:
        return None
    count, total = sum(unlisted.values()), sum(counts.values())
    ordered = sorted(unlisted, key=lambda label: (-unlisted[label], label))
    names = ", ".join(_told(label, answers) for label in ordered[:_NAMED])
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    return (
        f"warning: batch {batch}: {count} of {total} predictions ({count / total:.1%}) are of classes that "
        f"people cannot choose, so they count as wrong: {names}{more}; add them to target.answers, "
        "or let the other system spell them as it does"
    )


def _told(label: str, answers: Sequence[str]) -> str:
    if not label:
        return "'' (an empty text; data.missing = [\"\"] makes it a missing prediction)"
    alike = [answer for answer in answers if _bare(answer) == _bare(label)]
    return f"{label!r} (an answer is {alike[0]!r})" if alike else repr(label)


def _bare(label: str) -> str:
    """Return a label without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", normalize("NFKC", label).casefold())
