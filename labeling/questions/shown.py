"""A row as people see it: the text of a question, and nothing of its answer.

`shown` is a JSON object. Its key `row` holds the tabular columns as a list of
names and texts, in the order that the job file gives (the keys of an object
would be drawn in that of the alphabet), and where they are many, `row2` and so
on the rest: Label Studio hides what follows the tenth line of a table behind a
page number, where people overlook it. Each text column has a key `text1`, `text2`, … and each image column a
key `image1`, … of its own, in the order of the columns. Names are positional
because a label configuration cannot refer to a column called "debt ratio".

Rows come from strangers: what could hide or reorder text is taken out, long
values are cut, and everything is text, so that a number reads the same whether
a CSV or a Parquet file brought it.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import int_array, integers, is_text, missing
from pipelines.columns.spelling import canonical_text
from pipelines.columns.timezones import utc_offsets
from pipelines.identity.keyed_hash import subkey

ShownKind = Literal["tabular", "text", "image"]

TABLE_LINES = 10  # that Label Studio draws on the first page of a table
CELL_LIMIT = 500  # characters of a tabular value
TEXT_LIMIT = 20_000  # characters of a text
IMAGE_LIMIT = 2_000_000  # bytes; a larger picture is shrunk
IMAGE_SIDE = 1_600  # pixels, of a shrunk picture
MISSING = "—"
_AGES = 10**12  # seconds, that microseconds can still tell
NO_IMAGE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

_BREAKS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # controls, but for tab and line feed
    "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"  # invisible, bidi
)
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column that people may see."""

    name: str
    kind: ShownKind


def shown_keys(columns: Sequence[ShownColumn]) -> dict[str, str]:
    """The key in `shown` of each text and image column, in their order.

    >>> shown_keys([ShownColumn("age", "tabular"), ShownColumn("tweet", "text")])
    {'text1': 'tweet'}
    """
    counts = {"text": 0, "image": 0}
    keys = {}
    for column in columns:
        if column.kind != "tabular":
            counts[column.kind] += 1
            keys[f"{column.kind}{counts[column.kind]}"] = column.name
    return keys


def table_keys(columns: Sequence[ShownColumn]) -> dict[str, list[str]]:
    """The key in `shown` of each table, and the columns in it: as evenly as it goes.

    >>> three = [ShownColumn(name, "tabular") for name in "abc"]
    >>> table_keys(three)
    {'row': ['a', 'b', 'c']}
    >>> [len(names) for names in table_keys(three * 7).values()]
    [7, 7, 7]
    """
    names = [column.name for column in columns if column.kind == "tabular"]
    tables = math.ceil(len(names) / TABLE_LINES)
    lines = math.ceil(len(names) / max(tables, 1))
    starts = range(0, len(names), lines or 1)
    return {
        f"row{number}" if number > 1 else "row": names[start : start + lines]
        for number, start in enumerate(starts, 1)
    }


def shown_rows(
    batch: pa.RecordBatch, columns: Sequence[ShownColumn], timezone: str = "UTC"
) -> list[str]:
    """What people see of each row, as JSON: n texts.

    Only `columns` are read, so nothing else can reach a task. A moment is told
    as the clocks of `timezone` show it, with its offset from UTC.
    """
    parts: dict[str, Iterator[object]] = {}
    for key, names in table_keys(columns).items():
        cells = [_texts(batch.column(name), CELL_LIMIT, timezone) for name in names]
        parts[key] = iter([_lines(names, row) for row in zip(*cells, strict=True)])
    for key, name in shown_keys(columns).items():
        values = batch.column(name)
        parts[key] = iter(
            _texts(values, TEXT_LIMIT, timezone) if key[0] == "t" else _pictures(values)
        )
    return [
        shown_json({key: next(values) for key, values in parts.items()})
        for _ in range(batch.num_rows)
    ]


def names_in(shown: Mapping[str, Any]) -> set[str]:
    """The columns that tables show.

    >>> names_in({"row": [{"Name": "age", "Value": "7"}], "text1": "hello"})
    {'age'}
    """
    tables = (lines for key, lines in shown.items() if key.startswith("row"))
    return {line["Name"] for lines in tables for line in lines}


def _lines(names: Sequence[str], values: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a table; their keys are its header."""
    return [{"Name": name, "Value": value} for name, value in zip(names, values, strict=True)]


def readable(text: str, limit: int) -> str:
    r"""The text without characters that hide or reorder others, cut to `limit`.

    >>> readable("pay \u202e001$ now", 8)
    'pay 001…'
    """
    text = _HIDDEN.sub("", _BREAKS.sub("\n", text))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _texts(column: pa.Array, limit: int, timezone: str) -> list[str]:
    spelled = _spelled(column, timezone)
    return [MISSING if text is None else readable(text, limit) for text in spelled]


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
    """Moments, to the second, on the clocks of a timezone and with their offset."""
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
    """As in ISO 8601.

    >>> _offset(7200), _offset(-12_600)
    ('+02:00', '-03:30')
    """
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _strings(column: pa.Array) -> list[str | None]:
    texts: list[str | None] = column.to_pylist()
    return texts


def _pictures(column: pa.Array) -> list[str]:
    return [NO_IMAGE if value is None else image_uri(value) for value in column.to_pylist()]


def image_uri(content: bytes) -> str:
    r"""A picture as a `data:` address, which a task can carry.

    What browsers draw is passed on byte for byte; other formats become PNG, and
    pictures over `IMAGE_LIMIT` a smaller JPEG. What is no picture is shown as none.

    >>> image_uri(b"\xff\xd8\xff")
    'data:image/jpeg;base64,/9j/'
    """
    kind = _image_type(content)
    if kind is None or len(content) > IMAGE_LIMIT:
        return _converted(content)
    return _uri(kind, content)


def _image_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def _converted(content: bytes) -> str:
    from PIL import Image, ImageOps  # only for what browsers cannot draw or should not load

    kind, written = "JPEG" if len(content) > IMAGE_LIMIT else "PNG", io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as picture:
            upright = ImageOps.exif_transpose(picture)  # what is written says no orientation
            upright.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
            upright.convert("RGB").save(written, kind)
    except (OSError, ValueError, Image.DecompressionBombError):
        return NO_IMAGE
    return _uri(f"image/{kind.lower()}", written.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def shown_json(values: Mapping[str, object]) -> str:
    """What people see of a row, as JSON in the order given.

    Raises:
        ValueError: a number is NaN or infinite, which JSON has no word for.

    >>> shown_json({"row": {"Größe": 1.5, "born": None}})
    '{"row":{"Größe":1.5,"born":null}}'
    """
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def shown_digest(question: str, shown: str) -> str:
    """The identity of a question: 32 hexadecimal digits.

    Args:
        question: its text.
        shown: JSON of what people see of the row.

    It can be computed again from the task that Label Studio gives back: the
    order of the keys and the spelling of numbers (1 or 1.0) do not enter.

    >>> shown_digest("Late?", '{"b":1.0,"a":2}') == shown_digest("Late?", '{"a": 2, "b": 1}')
    True
    """
    content = json.loads(shown, parse_float=_number)
    ordered = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return subkey("question", question, ordered).hex()


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value
