r"""Quotes of a CSV file, watched while it is read: each opens a value, closes one, or is doubled.

Arrow's reader takes other quotes without an error, and means something else by them
than their writer: Spark writes \" for a quote inside a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Bools, Bytes

_QUOTE = ord('"')
_LINE_ENDS = b"\r\n"


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
    _is_open: bool = False  # within a quoted value
    _last: int = ord("\n")  # the byte before the block
    _is_closing: bool = False  # whether that byte is a quote that closes

    def look(self, block: bytes) -> None:
        """Look at the next bytes of the file."""
        if not block or self.has_seen_strange:
            return
        data = np.frombuffer(block, np.uint8)
        places = np.flatnonzero(data == _QUOTE)
        if self._is_closing and not self._may_follow(data[:1])[0]:
            self.has_seen_strange = True
            return
        if len(places):
            closes = (np.arange(len(places)) + self._is_open) % 2 == 1
            before = np.where(places > 0, data[places - 1], self._last)
            inner = places[closes & (places < len(data) - 1)]
            opens_well = self._may_precede(before[~closes].astype(np.uint8))
            closes_well = self._may_follow(data[inner + 1])
            self.has_seen_strange = not (opens_well.all() and closes_well.all())
            self._is_open ^= len(places) % 2 == 1
            self._is_closing = bool(closes[-1]) and int(places[-1]) == len(data) - 1
        else:
            self._is_closing = False
        self._last = int(data[-1])

    def end(self) -> None:
        """Note that the file is over: a value that is still open is strange, too."""
        self.has_seen_strange |= self._is_open

    def _may_follow(self, following: Bytes) -> Bools:
        return self._is_one(following, _LINE_ENDS + b'"')

    def _may_precede(self, preceding: Bytes) -> Bools:
        return self._is_one(preceding, _LINE_ENDS + b'"\xbf')  # the last: of a byte order mark

    def _is_one(self, values: Bytes, others: bytes) -> Bools:
        allowed = np.frombuffer(others + self.delimiter.encode(), np.uint8)
        found: Bools = np.isin(values, allowed)
        return found
