"""Shown columns that tell the prediction: whoever sees one is no longer blind."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_OFTEN = 5  # rows that a value must have to count: a value of one row tells nothing of others
_COVERED = 0.5  # share of the rows that such values must have together
_SHARE = 0.99  # of the rows that have the most frequent label of their value
_GAIN = 0.2  # by which that share must exceed the share of the most frequent label
_TEXT_GAIN = 0.2  # the same for words of the label in a text, above chance
_TEXT_ROWS = 20  # rows that a text must be seen in


@dataclass(frozen=True, slots=True)
class Revealing:
    """A column that tells the prediction."""

    column: str
    share: float  # of the rows, in which its value tells the label


def revealing_columns(
    columns: Mapping[str, Sequence[str | None]], labels: Sequence[str]
) -> list[Revealing]:
    """Find the columns whose value tells the predicted label.

    Only values of five rows or more count, and only where they cover half of the
    rows. A column tells the label if 99 % of those rows have the most frequent
    label of their value, and that is 20 points more than guessing the most
    frequent label of all would give.

    Args:
        columns: the shown values (n) of each column, as text; None where there is none.
        labels: the predicted labels (n).

    Returns:
        Those that tell it, in the order of the columns.

    >>> labels = ["a", "b", "b", "a", "b", "a"] * 5
    >>> columns = {"queue": [label.upper() for label in labels], "hour": list("112233") * 5}
    >>> revealing_columns(columns, labels)
    [Revealing(column='queue', share=1.0)]
    """
    found = []
    for name, values in columns.items():
        share = _told(values, labels)
        if share is not None:
            found.append(Revealing(name, share))
    return found


def _told(values: Sequence[str | None], labels: Sequence[str]) -> float | None:
    """Return the share of rows whose value tells their label; None where it is chance, or rows are few."""
    by_value: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for value, label in zip(values, labels, strict=True):
        if value is not None:
            by_value[value][label] += 1
    often = [counts for counts in by_value.values() if counts.total() >= _OFTEN]
    covered = sum(counts.total() for counts in often)
    if not covered or covered < _COVERED * len(labels):
        return None
    together = Counter[str]()
    for counts in often:
        together.update(counts)
    share = sum(max(counts.values()) for counts in often) / covered
    guess = max(together.values()) / covered
    return share if share >= _SHARE and share - guess >= _GAIN else None


def revealing_texts(
    texts: Mapping[str, Sequence[str | None]], labels: Sequence[str]
) -> list[Revealing]:
    """Find the texts that hold the words of their own label far more often than those of chance.

    Chance is how often a text would hold the label of another row.

    Args:
        texts: the shown texts (n) of each column.
        labels: the predicted labels (n).

    Returns:
        Those that do; `share` is that of the rows whose text holds its label.

    >>> mails = [f"routed to {name}" for name in ("sales", "legal")] * 10
    >>> revealing_texts({"mail": mails}, ["sales", "legal"] * 10)
    [Revealing(column='mail', share=1.0)]
    """
    words = {label: re.compile(rf"\b{re.escape(label)}\b", re.IGNORECASE) for label in {*labels}}
    shares = {label: count / len(labels) for label, count in Counter(labels).items()}
    found = []
    for name, values in texts.items():
        seen = [(text, label) for text, label in zip(values, labels, strict=True) if text]
        if len(seen) < _TEXT_ROWS:
            continue
        held = sum(bool(words[label].search(text)) for text, label in seen) / len(seen)
        chance = sum(
            share * sum(bool(words[label].search(text)) for text, _ in seen) / len(seen)
            for label, share in shares.items()
        )
        if held - chance >= _TEXT_GAIN:
            found.append(Revealing(name, held))
    return found
