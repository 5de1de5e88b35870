"""Path patterns: `*` and `**/` stand for what they do in a shell, `{batch}` for a batch's name.

They read the same for files of this machine and for the names of objects in a bucket.
"""

from __future__ import annotations

import re


def glob_of(pattern: str) -> str:
    """The pattern for `glob`, to which `[` and `?` would be signs.

    >>> glob_of("/data/{batch}[1].csv")
    '/data/*[[]1].csv'
    """
    return re.sub(r"([\[?])", r"[\1]", pattern).replace("{batch}", "*")


def fixed_part(pattern: str) -> str:
    """The folder that everything the pattern matches lies below, with its slash.

    >>> fixed_part("/data/{batch}/*.csv"), fixed_part("/data/loans.csv")
    ('/data/', '/data/')
    """
    return re.split(r"[^/]*(?:\*|\{batch\})", pattern, maxsplit=1)[0].rsplit("/", 1)[0] + "/"


def literal_start(pattern: str, batch: str | None) -> str:
    """What every match begins with; for one batch, its name stands in place of `{batch}`.

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
    """The pattern as an expression that names the batch; two `{batch}` must agree.

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
