"""Links of a row, as people may click them: only addresses of http and https, and nothing else of a value."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from labeling.questions.shown import ShownColumn, values_in

LINKS = "links"  # their key in a task's data, which is no part of the question
NO_LINKS = "<span></span>"  # Label Studio takes an empty text for one that is missing
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\]+", re.IGNORECASE)
_CUT = "…"  # ends a value that was too long to be shown whole


def links_html(shown: str, columns: Sequence[ShownColumn], linked: Sequence[str]) -> str:
    """Return the links of a row as HTML.

    Args:
        shown: what people see of the row, as `labeling.questions.shown` writes it.
        columns: those that people see.
        linked: the names of those that hold addresses.

    Returns:
        One line for each value that is an address; `NO_LINKS` without any.

    >>> columns = [ShownColumn("url", "tabular")]
    >>> links_html('{"row": [{"Name": "url", "Value": "javascript:alert(1)"}]}', columns, ["url"])
    '<span></span>'
    """
    content: Mapping[str, object] = json.loads(shown)
    values = values_in(content, columns)
    lines = [_line(name, text) for name in linked if is_address(text := values.get(name) or "")]
    return "".join(lines) or NO_LINKS


def is_address(text: str) -> bool:
    """Tell whether a whole text is an address of http or https.

    >>> is_address("https://example.com/a?b=c"), is_address("see https://example.com")
    (True, False)
    """
    if text.endswith(_CUT) or not _ADDRESS.fullmatch(text):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _line(name: str, address: str) -> str:
    there, title = html.escape(address), html.escape(name)
    link = f'<a href="{there}" target="_blank" rel="noopener noreferrer">{there}</a>'
    return f"<div>{title}: {link}</div>"
