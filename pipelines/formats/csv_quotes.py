r"""Quotes of a CSV file, watched while it is read: each opens a value, closes one, or is doubled.

Arrow's reader takes other quotes without an error, and means something else by them
than their writer: Spark writes \" for a quote inside a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipelines.columns.buffers import Bools

_QUOTE = ord('"')
_LINE_ENDS = b"\r\n"
_MARK = b"\xbf"  # the last byte of a byte order mark


@dataclass(slots=True)
class QuoteWatch:
    """Looks at the bytes of a file, block after block, for quotes that stand anywhere else.

    >>> watch = QuoteWatch(",")
    >>> watch.look(b'a,"b ""c"" d",e')
    >>> watch.end()
    >>> watch.has_seen_strange
    False
    """

    delimiter: str
    has_seen_strange: bool = False
    _follow: Bools = field(init=False)  # (256,): the bytes that may follow a quote that closes
    _precede: Bools = field(init=False)  # (256,): those that may stand before one that opens
    _is_open: bool = False  # within a quoted value
    _last: int = ord("\n")  # the byte before the block
    _is_closing: bool = False  # whether that byte is a quote that closes

    def __post_init__(self) -> None:
        beside = _LINE_ENDS + b'"' + self.delimiter.encode()
        self._follow, self._precede = np.zeros((2, 256), np.bool_)
        self._follow[list(beside)] = True
        self._precede[list(beside + _MARK)] = True

    def look(self, block: bytes) -> None:
        """Look at the next bytes of the file."""
        if not block or self.has_seen_strange:
            return
        data = np.frombuffer(block, np.uint8)
        places = np.flatnonzero(data == _QUOTE)
        if self._is_closing and not self._follow[data[0]]:
            self.has_seen_strange = True
            return
        if len(places):
            first = int(self._is_open)  # of those that open; quotes take turns
            opens, closes = places[first::2], places[1 - first :: 2]
            before = data[opens - 1]
            if len(opens) and opens[0] == 0:
                before[0] = self._last
            inner = closes[:-1] if len(closes) and closes[-1] == len(data) - 1 else closes
            is_plain = self._precede[before].all() and self._follow[data[inner + 1]].all()
            self.has_seen_strange = not is_plain
            self._is_open ^= len(places) % 2 == 1
            self._is_closing = len(inner) < len(closes)
        else:
            self._is_closing = False
        self._last = int(data[-1])

    def end(self) -> None:
        """Note that the file is over: a value that is still open is strange, too."""
        self.has_seen_strange |= self._is_open
