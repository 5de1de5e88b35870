"""The row as people see it: the text of a question, and nothing of its answer.

`shown` is a JSON object. Its key `row` holds the tabular columns as a list of
names and texts, in the order that the job file has them (the keys of an object
would be drawn in that of the alphabet). Where the columns are many, `row2` and
so on hold the rest: Label Studio hides what follows the tenth line of a table
behind a page number, where people overlook it. Each text column has a key
`text1`, `text2`, … and each image column a key `image1`, … of its own, in the
order of the columns. Names are positional because a label configuration cannot
refer to a column called "debt ratio".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from labeling.questions.images import image_uris
from labeling.questions.readable import readable_texts
from pipelines.identity.keyed_hash import subkey

ShownKind = Literal["tabular", "text", "image"]

TABLE_LINES = 10  # that Label Studio draws on the first page of a table
CELL_LIMIT = 500  # characters of a tabular value
TEXT_LIMIT = 20_000  # characters of a text


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column that people may see."""

    name: str
    kind: ShownKind


def shown_keys(columns: Sequence[ShownColumn]) -> dict[str, str]:
    """Return the key in `shown` of each text and image column, in their order.

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
    """Return the key in `shown` of each table, and the columns in it, evenly filled.

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
    """Return what people see of each row.

    Args:
        batch: the rows (n,).
        columns: those that people may see; nothing else is read, so nothing
            else can reach a task.
        timezone: an IANA name, whose clocks moments are read on.

    Returns:
        n JSON objects as text.
    """
    parts: dict[str, Iterator[object]] = {}
    for key, names in table_keys(columns).items():
        cells = [readable_texts(batch.column(name), CELL_LIMIT, timezone) for name in names]
        parts[key] = iter([_lines(names, row) for row in zip(*cells, strict=True)])
    for key, name in shown_keys(columns).items():
        values, is_text = batch.column(name), key.startswith("text")
        parts[key] = iter(
            readable_texts(values, TEXT_LIMIT, timezone) if is_text else image_uris(values)
        )
    return [
        shown_json({key: next(values) for key, values in parts.items()})
        for _ in range(batch.num_rows)
    ]


def names_in(shown: Mapping[str, Any]) -> set[str]:
    """Return the columns that tables show.

    >>> names_in({"row": [{"Name": "age", "Value": "7"}], "text1": "hello"})
    {'age'}
    """
    tables = (lines for key, lines in shown.items() if key.startswith("row"))
    return {line["Name"] for lines in tables for line in lines}


def values_in(shown: Mapping[str, Any], columns: Sequence[ShownColumn]) -> dict[str, str | None]:
    """Return the text of each column in a row as people saw it; a picture is only named.

    >>> seen = {"row": [{"Name": "age", "Value": "7"}], "text1": "hello"}
    >>> values_in(seen, [ShownColumn("age", "tabular"), ShownColumn("tweet", "text")])
    {'age': '7', 'tweet': 'hello'}
    """
    keys, values = shown_keys(columns), dict[str, str | None]()
    for key, content in shown.items():
        if isinstance(content, list):
            values |= {line["Name"]: line["Value"] for line in content}
        else:
            is_picture = key.startswith("image") and content is not None
            values[keys.get(key, key)] = "(picture)" if is_picture else content
    return values


def shown_json(values: Mapping[str, object]) -> str:
    """Write what people see of a row as JSON, its keys in their order.

    Raises:
        ValueError: a number is NaN or infinite, which JSON has no word for.

    >>> shown_json({"row": {"Größe": 1.5, "born": None}})
    '{"row":{"Größe":1.5,"born":null}}'
    """
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def shown_digest(question: str, shown: str) -> str:
    """Return the identity of a question: 32 hexadecimal digits.

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


def _lines(names: Sequence[str], values: Sequence[str]) -> list[dict[str, str]]:
    """Return the lines of a table; their keys are its header."""
    return [{"Name": name, "Value": value} for name, value in zip(names, values, strict=True)]


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value
