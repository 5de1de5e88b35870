r"""The rules by which data files are read, which have a number: what a value means, and what none is.

A release that reads the same bytes otherwise has another number. The number is
stored with each scoring, so that a batch is always compared by the rules that it
was scored under: better rules make no batch `changed`, and no answer `stale`.

| number | rules |
| --- | --- |
| 1 | In CSV, only an unquoted nothing is missing. Quotes are checked where a value has a line break. Times are whatever `datetime.fromisoformat` takes. |
| 2 | In CSV, nothing, `NULL` and `\N` are missing, quoted or not; so are the words of `data.missing`, in any file. Times are every unambiguous form; INT96 is UTC. |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

FIRST: Final = 1  # of stores that keep no number
CURRENT: Final = 2
_MISSING = ("", "NULL", "\\N")  # in files without types
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NOT_AVAILABLE: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "-nan"})
"""Words that are missing among numbers, in lower case."""


@dataclass(frozen=True, slots=True)
class FileRules:
    """How values are written in the data files of a job."""

    number: int = CURRENT
    missing: tuple[str, ...] = ()  # words that mean nothing, besides those of any file
    delimiter: str | None = None  # of CSV; None: a comma, or what the file's name says
    encoding: str | None = None  # of text; None: UTF-8
    decimal: str = "."  # of numbers in text

    @property
    def missing_words(self) -> tuple[str, ...]:
        """The texts that are missing in a file without types, quoted or not."""
        return _MISSING[:1] if self.number == FIRST else (*_MISSING, *self.missing)

    @property
    def set_by_job(self) -> dict[str, object]:
        """What a job file says of it, without defaults; a change makes scored batches `changed`."""
        said = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        return {name: value for name, value in said.items() if value != getattr(DEFAULT, name)}


DEFAULT: Final = FileRules()


def is_encoding(name: str) -> bool:
    """Tell whether Python knows an encoding of text by this name.

    >>> [is_encoding(name) for name in ("cp1252", "utf-16", "rot13", "nonsense")]
    [True, True, False, False]
    """
    try:
        return bool("a".encode(name))
    except (LookupError, UnicodeError):
        return False


def is_number(text: str) -> bool:
    """Tell whether a text is a number, and no code with leading zeros.

    >>> [is_number(text) for text in ("12", "-0.5", "1e3", "007", "12.50", "x", "nan")]
    [True, True, True, False, True, False, False]
    """
    return _NUMBER.fullmatch(text.strip()) is not None
