"""Text whose bytes are not UTF-8, found before anything decodes it.

Arrow takes the bytes of a text column on trust, and fails only where somebody
looks at them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import Bools, positions, texts


def broken(column: pa.Array) -> Bools | None:
    r"""Where a text cannot be read: (n,), or None where every value can.

    >>> broken(pa.array([b"a", b"\xff"]).view(pa.string())).tolist()
    [False, True]
    """
    if _is_valid(column):
        return None
    if kinds.is_dictionary(column.type):
        words = broken(column.dictionary)
        return None if words is None else np.append(words, False)[positions(column.indices)]
    found = [value is not None and _decoded(value) is None for value in _bytes(column)]
    return np.array(found, dtype=np.bool_)


def readable(column: pa.Array) -> pa.Array:
    """The column, null where its text cannot be read."""
    if broken(column) is None:
        return column
    plain = column.dictionary_decode() if kinds.is_dictionary(column.type) else column
    return texts(None if value is None else _decoded(value) for value in _bytes(plain))


def _is_valid(column: pa.Array) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _bytes(column: pa.Array) -> list[bytes | None]:
    raw = pa.large_binary() if kinds.is_large_string(column.type) else pa.binary()
    found: list[bytes | None] = column.view(raw).to_pylist()
    return found


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
