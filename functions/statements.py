"""Bounds on statements of SQL: what DuckDB's parser would take hours or the whole memory for.

The parser cannot be interrupted. Measured: 3,000 open brackets take 15 seconds, and the time
grows faster than their square; eight nested `WITH` that end in a mistake take 11 seconds, and
each one more takes four times as long.
"""

from __future__ import annotations

import re
from typing import Final

from pipelines.errors import QueryInvalid

LENGTH: Final = 100_000  # characters
DEPTH: Final = 100  # brackets within each other
NESTED: Final = 4  # brackets within each other that begin with WITH
PARTS: Final = 20  # of one name, between dots

_TOKENS = re.compile(
    r"""'(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z)  # no SQL
    | (?P<open>[(\[{](?:\s*with\b)?) | (?P<close>[)\]}])""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_LONG_NAME = re.compile(rf'(?:\.\s*(?:\w+|"[^"]*")\s*){{{PARTS}}}')


def require_bounded(sql: str) -> None:
    """Refuse a statement that is too long or too deep to be parsed in reasonable time.

    Args:
        sql: the statement, or whatever somebody takes for one.

    Raises:
        QueryInvalid: which bound it passes.
    """
    if len(sql) > LENGTH:
        raise _refused(f"it has {len(sql):,} characters, {LENGTH:,} are read")
    depth, nested = _depths(sql)
    if depth > DEPTH:
        raise _refused(f"its brackets are {depth:,} deep, {DEPTH} are read")
    if nested > NESTED:
        raise _refused(f"it has {nested} WITH inside each other, {NESTED} are read")
    if _LONG_NAME.search(sql):
        raise _refused(f"one of its names has more than {PARTS} parts")


def _depths(sql: str) -> tuple[int, int]:
    """Return the most brackets, and the most of them that begin with WITH, that are open at once."""
    is_with: list[bool] = []  # of each open bracket
    depth = nested = 0
    for token in _TOKENS.finditer(sql):
        if opening := token["open"]:
            is_with.append(len(opening) > 1)
            depth = max(depth, len(is_with))
            nested = max(nested, sum(is_with)) if is_with[-1] else nested
        elif token["close"] and is_with:
            is_with.pop()
    return depth, nested


def _refused(why: str) -> QueryInvalid:
    return QueryInvalid(
        f"this is too much for one statement: {why}",
        fix="divide it: name its parts by WITH one after the other, or ask several times",
    )
