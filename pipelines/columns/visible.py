"""Text of data as a terminal may get it: what would move its cursor or hide other text is shown as code."""

from __future__ import annotations

import re

_ANYWHERE = (
    "\u007f-\u009f"  # a terminal may take these for escape sequences, too
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, reordering
    "\ud800-\udfff"  # half a character
)
_IN_TEXT = re.compile(f"[\u0000-\u0008\u000b-\u001f{_ANYWHERE}]")  # all but tab and line feed
_IN_LINE = re.compile(f"[\u0000-\u001f{_ANYWHERE}]")
_IN_JSON = re.compile(f"[{_ANYWHERE}]")  # JSON itself escapes the others


def visible(text: str) -> str:
    r"""Return a text with its control characters as codes, but for line feeds and tabs.

    >>> visible("paid \x1b[31m")
    'paid \\x1b[31m'
    """
    return _IN_TEXT.sub(_code, text)


def visible_line(text: str) -> str:
    r"""Return a value as one line: with all its control characters as codes.

    >>> visible_line("late\nnight")
    'late\\nnight'
    """
    return _IN_LINE.sub(_code, text)


def visible_json(text: str) -> str:
    r"""Return JSON that says the same, with the control characters that JSON leaves alone as codes.

    >>> visible_json('"\x9b31m"')
    '"\\u009b31m"'
    """
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _code(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
