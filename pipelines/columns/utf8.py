"""Text whose bytes are not UTF-8, found before anything decodes it.

Arrow does not check the bytes of a text column when it reads a file; it fails
later, where a value is decoded.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import Bools, positions, texts


def broken(column: pa.Array) -> Bools | None:
    r"""Return where a text is not UTF-8: (n,), or None if it is nowhere.

    >>> broken(pa.array([b"a", b"\xff"]).view(pa.string())).tolist()
    [False, True]
    """
    if _is_valid(column):
        return None
    if kinds.is_dictionary(column.type):
        words = broken(column.dictionary)
        return None if words is None else np.append(words, False)[positions(column.indices)]
    bad = [value is not None and _decoded(value) is None for value in _bytes(column)]
    return np.array(bad, dtype=np.bool_)


def readable(column: pa.Array) -> pa.Array:
    """Return the column with null where its text is not UTF-8."""
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
    values: list[bytes | None] = column.view(raw).to_pylist()
    return values


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
