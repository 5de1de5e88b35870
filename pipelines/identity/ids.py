"""What makes two rows, two questions, two labels and two inputs the same.

A scored row is its prediction id, which no version and no float enters; a
question is a prediction and what people see of it; labels are compared in one
spelling; an input is the digest of its rows. The hash behind all of them is
H128 (`hashing`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from pipelines.identity.keyed_hash import Hashes, hashes, subkey

Purpose = Literal["sample", "fit", "overlap", "training"]


def keyed_hashes(seed: str, purpose: Purpose, batch: str, keys: pa.Array) -> Hashes:
    """The random numbers of one purpose, one per key of a batch: (n, 2).

    Each purpose draws its own: with one hash for all, the rows that people
    check would be the rows that the model was trained on. Each batch draws its
    own: else the same customers are asked every week.
    """
    return hashes(subkey(seed, purpose, batch), keys)


def prediction_ids(seed: str, job: str, batch: str, keys: pa.Array) -> Hashes:
    """The identifiers of scored rows: (n, 2), as text by `hex_text`.

    They hold for every version of the model, and only who knows the seed can
    tell a key from its identifier.
    """
    return hashes(subkey(seed, "prediction_id", job, batch), keys)


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
