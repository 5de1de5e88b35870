"""Values as people read them: as text, with nothing that hides or reorders it.

Rows come from strangers: what could hide or reorder text is taken out, long
values are cut, and everything is text, so that a number reads the same whether
a CSV or a Parquet file brought it.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import int_array, integers, is_text, missing
from pipelines.columns.spelling import canonical_text
from pipelines.columns.timezones import utc_offsets

MISSING = "—"
_AGES = 10**12  # seconds; more would not fit 64 bits as microseconds

_BREAKS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # controls, but for tab and line feed
    "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"  # invisible, bidi
)


def readable_texts(column: pa.Array, limit: int, timezone: str) -> list[str]:
    """Write each value of a column as people read it.

    Args:
        column: of any type (n,).
        limit: how many characters a text may have.
        timezone: an IANA name; moments are written on its clock.

    Returns:
        n texts; a dash where a value is missing.
    """
    spelled = _spelled(column, timezone)
    return [MISSING if text is None else readable(text, limit) for text in spelled]


def readable(text: str, limit: int) -> str:
    r"""Return the text without characters that hide or reorder others, cut to `limit`.

    >>> readable("pay \u202e001$ now", 8)
    'pay 001…'
    """
    text = _HIDDEN.sub("", _BREAKS.sub("\n", text))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _spelled(column: pa.Array, timezone: str) -> list[str | None]:
    kind = column.type
    if kinds.is_timestamp(kind):  # to the second
        seconds = column.cast(pa.timestamp("s", tz=kind.tz), safe=False)
        return _strings(seconds.cast(pa.string())) if kind.tz is None else _clock(seconds, timezone)
    if kinds.is_date(kind) or kinds.is_time(kind) or kinds.is_decimal(kind):
        return _strings(column.cast(pa.string()))
    if kinds.is_nested(kind) or kinds.is_duration(kind):
        return [None if value is None else str(value) for value in column.to_pylist()]
    if kinds.is_binary(kind) or kinds.is_large_binary(kind):
        return [None if value is None else f"({len(value)} bytes)" for value in column.to_pylist()]
    decoded = column.dictionary_decode() if kinds.is_dictionary(kind) else column
    return _strings(decoded if is_text(decoded.type) else canonical_text(decoded))


def _clock(moments: pa.Array, timezone: str) -> list[str | None]:
    """Write moments, to the second, on the clocks of a timezone and with their offset."""
    seconds = integers(moments)
    offsets = utc_offsets(np.clip(seconds, -_AGES, _AGES) * 1_000_000, timezone) // 1_000_000
    local = _strings(int_array(seconds + offsets).cast(pa.timestamp("s")).cast(pa.string()))
    gaps = missing(moments)
    gone = np.zeros(len(seconds), np.bool_) if gaps is None else gaps
    return [
        None if gap else f"{clock}{_offset(offset)}"
        for gap, clock, offset in zip(gone.tolist(), local, offsets.tolist(), strict=True)
    ]


def _offset(seconds: int) -> str:
    """Write an offset from UTC as ISO 8601 does.

    >>> _offset(7200), _offset(-12_600)
    ('+02:00', '-03:30')
    """
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _strings(column: pa.Array) -> list[str | None]:
    texts: list[str | None] = column.to_pylist()
    return texts
