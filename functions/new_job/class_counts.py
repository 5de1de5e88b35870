"""The classes of new data: how many rows each has, which are one by another spelling, and which are none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import is_text
from pipelines.columns.spelling import bare, canonical_text
from pipelines.columns.utf8 import readable
from pipelines.errors import SchemaMismatch
from pipelines.formats.file_rules import NOT_AVAILABLE, is_number
from pipelines.input import fragments
from pipelines.input.fragments import Source

_REFUSAL = re.compile(
    r"""["'*\s]*
    (?:(?:unfortunately|sorry|apologies|i\ apologi[sz]e)\b[,.!;:]?\s*(?:but\s+)?)*
    (?:
      i(?:['’]m|\ am)\ (?:sorry|unable|afraid|not\ able|not\ sure) |
      i\ (?:cannot|can['’]t|can\ not|won['’]t|do\ not|don['’]t|could\ not|couldn['’]t|am\ unable) |
      as\ an?\ (?:ai|artificial|large\ language|language)\b |
      (?:unable|not\ able|not\ possible|impossible)\ to\b |
      (?:cannot|can['’]t|could\ not)\ (?:be\ )?(?:determine|classify|answer|help|assist|categori[sz]e)d? |
      (?:not\ enough|insufficient|no)\ (?:information|context|data)\b |
      error:\s | request\ (?:failed|timed\ out) | rate\ limit
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_WORDS = 2  # of a text, at least, that can be a refusal
_RULES = 50  # refusals that are told apart


@dataclass
class ClassCounts:
    """The rows of a column by class."""

    classes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)  # by their beginning, with a star

    def add(self, text: str, rows: int, *, is_predicted: bool) -> None:
        """Count the rows of a text.

        Args:
            text: as it stands in the column.
            rows: that hold it.
            is_predicted: whether it may be a refusal of a language model.
        """
        begin = refusal(text) if is_predicted else None
        if begin is not None and (begin in self.refusals or len(self.refusals) < _RULES):
            self.refusals[begin] += rows
        else:
            self.classes[text] += rows


def refusal(text: str) -> str | None:
    """Return the beginning of a text by which a language model declines to answer, with a star; None of others.

    >>> refusal("I cannot help with that request.")
    'I cannot*'
    >>> refusal("sorry") is None
    True
    """
    found = _REFUSAL.match(text)
    if found is None or len(text.split()) < _WORDS:
        return None
    return f"{found[0].rstrip()}*"


def counted(
    sources: Sequence[Source], name: str, *, most: int, is_predicted: bool
) -> ClassCounts | None:
    """Count the rows of each value of a column.

    Args:
        sources: the data files.
        name: of the column.
        most: values at most.
        is_predicted: whether texts may be refusals of a language model.

    Returns:
        The counts; None where there are more values.

    Raises:
        SchemaMismatch: the column holds values that have no text, as lists.
    """
    counts = ClassCounts()
    for source in sources:
        for rows in fragments.read_column(source, name):
            column = rows.column(0)
            try:
                texts = canonical_text(readable(column) if is_text(column.type) else column)
            except SchemaMismatch as error:
                raise SchemaMismatch(f"column {name!r}: {error.problem}", fix=error.fix) from error
            for text, count in _values(texts.drop_null()):
                if text:
                    counts.add(text, count, is_predicted=is_predicted)
            if len(counts.classes) > most:
                return None
    there = [word for word in counts.classes if word.strip().lower() not in NOT_AVAILABLE]
    if there and all(map(is_number, there)):
        counts.classes = Counter({word: counts.classes[word] for word in there})
    return counts


def _values(texts: pa.Array) -> Iterable[tuple[str, int]]:
    found = pc.value_counts(texts)
    return zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)


def in_order(words: Iterable[str]) -> list[str]:
    """Sort classes: numbers by their size, then texts."""
    return sorted(words, key=_by_number)


def _by_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def variants(counts: Counter[str], said: Sequence[str]) -> dict[str, str]:
    """Find the classes that are another one but for case, blanks and punctuation.

    Args:
        counts: the rows of each class.
        said: classes that somebody named; they stay, each as it is.

    Returns:
        Each such class with the most frequent, or named, spelling of it.
    """
    groups: dict[str, list[str]] = {}
    for word in dict.fromkeys([*said, *counts]):
        if bare(word):
            groups.setdefault(bare(word), []).append(word)
    found = dict[str, str]()
    for words in groups.values():
        best = next(
            (word for word in words if word in said), max(words, key=lambda w: (counts[w], w))
        )
        found |= {word: best for word in words if word != best and word not in said}
    return found
