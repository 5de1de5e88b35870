"""The key of each answer on the label page."""

from __future__ import annotations

import string
from collections.abc import Sequence

# In this order; the letters left out do something else in Label Studio.
IN_ORDER = "1234567890qwetasdfgzxcvbyiopjklnm"
LETTERS = IN_ORDER[10:]
_OWN = frozenset(string.ascii_lowercase + string.digits)


def answer_keys(
    answers: Sequence[str], order: str = IN_ORDER, taken: Sequence[str | None] = ()
) -> list[str | None]:
    """Return the key of each answer: its own, where it is one letter or digit, else the next in order.

    Args:
        answers: as people read them (n,).
        order: the keys for answers without one of their own.
        taken: keys of other answers.

    Returns:
        n keys, no two the same; None where there are more answers than keys.

    >>> answer_keys(["0", "1", "neither"])
    ['0', '1', '2']
    >>> answer_keys(["late", "on time", "B", "b"])
    ['1', '2', 'b', '3']
    """
    used = {key for key in taken if key}
    keys: list[str | None] = []
    for answer in answers:
        own = answer.lower() if answer.lower() in _OWN and answer.lower() not in used else None
        keys.append(own)
        used |= {own} if own else set()
    free = iter([key for key in order if key not in used])
    return [key or next(free, None) for key in keys]
