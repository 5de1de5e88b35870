"""Path patterns with `*`, `**/` and `{batch}`; the first two mean what they mean in a shell.

They mean the same for files of this machine and for objects in a bucket.
"""

from __future__ import annotations

import re


def glob_of(pattern: str) -> str:
    """Convert the pattern to one for `glob`, where `[` and `?` are special.

    >>> glob_of("/data/{batch}[1].csv")
    '/data/*[[]1].csv'
    """
    return re.sub(r"([\[?])", r"[\1]", pattern).replace("{batch}", "*")


def fixed_part(pattern: str) -> str:
    """Return the folder above everything that the pattern can match, with its slash.

    >>> fixed_part("/data/{batch}/*.csv"), fixed_part("/data/loans.csv")
    ('/data/', '/data/')
    """
    return re.split(r"[^/]*(?:\*|\{batch\})", pattern, maxsplit=1)[0].rsplit("/", 1)[0] + "/"


def literal_start(pattern: str, batch: str | None) -> str:
    """Return the literal start of every match; a given batch takes the place of `{batch}`.

    >>> (
    ...     literal_start("/data/{batch}/*.csv", "2026-01-05"),
    ...     literal_start("/data/{batch}/*.csv", None),
    ... )
    ('/data/2026-01-05/', '/data/')
    """
    start = ""
    for part in re.split(r"(\{batch\}|\*)", pattern):
        if part == "*" or (part == "{batch}" and batch is None):
            break
        start += (batch or "") if part == "{batch}" else part
    return start


def matcher(pattern: str) -> re.Pattern[str]:
    """Compile the pattern to an expression with the group `batch`; two `{batch}` must agree.

    >>> matcher("/data/{batch}/*.csv").fullmatch("/data/monday/a.csv")["batch"]
    'monday'
    """
    parts, seen = [], False
    for part in re.split(r"(\{batch\}|\*\*/|\*)", pattern):
        if part == "{batch}":
            parts.append("(?P=batch)" if seen else "(?P<batch>[^/]+)")
            seen = True
        else:
            parts.append({"*": "[^/]*", "**/": "(?:.*/)?"}.get(part, re.escape(part)))
    return re.compile("".join(parts), re.DOTALL)
