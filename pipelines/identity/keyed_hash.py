"""H128: the keyed hash that all randomness and all identifiers come from.

H128 version 1 is SipHash-2-4 with 128 bits of output. Its key is a subkey, the
BLAKE2b-128 of the fields that the hash belongs to; its message is the row's
key in UTF-8, or the keyed BLAKE2b-256 of a key that is longer than 256 bytes. It is a pseudo-random function: without the subkey, nobody learns anything
about a row's key from its hash, or can choose a key that gets a certain hash.

The definition is part of every published sample design. It never changes; a
better one would be version 2, under another name.

Source: SipHash as in `siphash`; BLAKE2b: RFC 7693.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Bytes,
    Hashes,
    Int64s,
    byte_view,
    integers,
    text_array,
)
from pipelines.identity.siphash import siphash128

LONGEST = 256  # bytes of a key that are hashed directly
_PERSON = b"recheck H128 v1"
_HEX_PAIRS = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint16)
_HEX_VALUES = np.full(256, 255, dtype=np.uint8)
_HEX_VALUES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
_TEXTS_AT_ONCE = 2**31 // 32 - 1  # 32 digits each, in one Arrow array


def subkey(*fields: str) -> bytes:
    """Derive the 16-byte hash key of some fields, such as a seed and a purpose.

    Fields are length-prefixed: ("ab", "c") and ("a", "bc") differ.

    >>> subkey("seed", "sample", "2026-11-20").hex()
    '7ea627c6414a7ab1d91c3b6e21a300f6'
    """
    digest = blake2b(digest_size=16, person=_PERSON)
    for field in fields:
        content = field.encode()
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.digest()


def hashes(key: bytes, column: pa.Array) -> Hashes:
    """Hash a column of keys: (n, 2).

    Args:
        key: a subkey, 16 bytes.
        column: text or bytes, or a dictionary of them, without nulls (n,).

    Raises:
        ValueError: a key is null; quarantine such rows first.
    """
    if column.null_count:
        raise ValueError(f"{column.null_count} keys are null: quarantine such rows first")
    if kinds.is_dictionary(column.type):
        return hashes(key, column.dictionary)[integers(column.indices)]
    offsets, data = byte_view(column)
    starts, lengths = offsets[:-1], np.diff(offsets)
    long = lengths > LONGEST
    if not long.any():
        return siphash128(key, starts, lengths, data)
    digests = np.empty((len(column), 2), dtype=np.uint64)
    digests[~long] = siphash128(key, starts[~long], lengths[~long], data)
    digests[long] = _long(key, starts[long], lengths[long], data)
    return digests


def hex_text(digests: Hashes) -> pa.StringArray:
    """Write hashes as 32 hexadecimal digits each: (n,).

    >>> hex_text(np.array([[1, 255]], dtype=np.uint64)).to_pylist()
    ['000000000000000100000000000000ff']
    """
    if len(digests) > _TEXTS_AT_ONCE:
        raise OverflowError(f"at most {_TEXTS_AT_ONCE} hashes fit one text array; make several")
    content = _HEX_PAIRS.take(np.ascontiguousarray(digests, dtype=">u8").view(np.uint8))
    offsets = np.arange(0, 32 * len(digests) + 1, 32)
    return text_array(offsets, content.view(np.uint8).reshape(-1))


def parse_hex(column: pa.Array) -> Hashes:
    """Read what `hex_text` wrote: (n, 2).

    Raises:
        ValueError: a value is not 32 digits of 0-9 and a-f.
    """
    offsets, data = byte_view(column)
    if column.null_count or (np.diff(offsets) != 32).any():
        raise ValueError("an identifier is 32 hexadecimal digits")
    digits = _HEX_VALUES.take(data[offsets[0] : offsets[-1]])
    if digits.size and digits.max() > 15:
        raise ValueError("an identifier is 32 digits of 0-9 and a-f")
    packed = (digits[0::2] << 4) | digits[1::2]
    return packed.view(">u8").reshape(-1, 2).astype(np.uint64)


def _long(key: bytes, starts: Int64s, lengths: Int64s, data: Bytes) -> Hashes:
    """Hash messages of more than 256 bytes by their digests."""
    view = data.data
    ends = (starts + lengths).tolist()
    shortened = b"".join(
        blake2b(view[start:end], digest_size=32, key=key, person=_PERSON).digest()
        for start, end in zip(starts.tolist(), ends, strict=True)
    )
    begins = np.arange(0, len(shortened), 32)
    return siphash128(key, begins, np.full_like(begins, 32), np.frombuffer(shortened, np.uint8))
