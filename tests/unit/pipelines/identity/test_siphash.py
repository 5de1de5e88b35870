"""SipHash-2-4-128 against the authors' vectors and a plain scalar implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import siphash
from pipelines.identity.siphash import siphash128

KEY = bytes(range(16))
MASK = 2**64 - 1
# Output for the messages b"", b"\x00", b"\x00\x01", ...: github.com/veorq/SipHash, vectors_sip128.
VECTORS = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    7: "a1f1ebbed8dbc153c0b84aa61ff08239",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    9: "264499060ad9baabc47f8b02bb6d71ed",
    15: "5493e99933b0a8117e08ec0f97cfc3d9",
    16: "6ee2a4ca67b054bbfd3315bf85230577",
    23: "c9d184ddd5a9f5e0cf8ce29a9abf691c",
    24: "2db479ae78bd50d8882a8a178a6132ad",
    47: "e61c432b720b19d18ec8d84bdc63151b",
    63: "5150d1772f50834a503e069a973fbd7c",
}


def _hashed(key: bytes, messages: list[bytes]) -> list[str]:
    lengths = np.array([len(message) for message in messages], dtype=np.int64)
    data = np.frombuffer(b"".join(messages), np.uint8)
    digests = siphash128(key, np.cumsum(lengths) - lengths, lengths, data)
    return [f"{high:016x}{low:016x}" for high, low in digests.tolist()]


def _scalar(key: bytes, message: bytes) -> str:
    """The reference, one message and one word at a time."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    state = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D ^ 0xEE,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    whole = len(message) // 8 * 8
    padded = message + bytes(whole + 7 - len(message)) + bytes([len(message) % 256])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        state[3] ^= word
        state = _rounds(state, 2)
        state[0] ^= word
    halves = b""
    for place, constant in ((2, 0xEE), (1, 0xDD)):
        state[place] ^= constant
        state = _rounds(state, 4)
        half = state[0] ^ state[1] ^ state[2] ^ state[3]
        halves += half.to_bytes(8, "little")
    return halves.hex()


def _rounds(state: list[int], count: int) -> list[int]:
    a, b, c, d = state
    for _ in range(count):
        a, c = (a + b) & MASK, (c + d) & MASK
        b, d = _rotated(b, 13) ^ a, _rotated(d, 16) ^ c
        a = _rotated(a, 32)
        c, a = (c + b) & MASK, (a + d) & MASK
        b, d = _rotated(b, 17) ^ c, _rotated(d, 21) ^ a
        c = _rotated(c, 32)
    return [a, b, c, d]


def _rotated(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (64 - bits))) & MASK


@pytest.mark.parametrize("length", VECTORS)
def test_gives_the_published_vectors(length: int) -> None:
    """The digests of the reference implementation, alone and among others."""
    message = bytes(range(length))

    assert _scalar(KEY, message) == VECTORS[length]
    assert _hashed(KEY, [message]) == [VECTORS[length]]
    assert _hashed(KEY, [b"before, longer than this", message, b""])[1] == VECTORS[length]


@given(st.binary(min_size=16, max_size=16), st.lists(st.binary(max_size=40), max_size=30))
def test_is_siphash_for_any_key_and_messages(key: bytes, messages: list[bytes]) -> None:
    """Messages of mixed lengths, hashed together, equal those hashed one by one."""
    assert _hashed(key, messages) == [_scalar(key, message) for message in messages]


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=20), st.integers(1, 7))
def test_does_not_depend_on_the_size_of_a_block(messages: list[bytes], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(siphash, "_BLOCK", size)
        seen = _hashed(KEY, messages)

    assert seen == [_scalar(KEY, message) for message in messages]


def test_messages_may_lie_anywhere_in_the_buffer() -> None:
    """Overlapping, out of order, and up to the last byte."""
    data = np.arange(24, dtype=np.uint8)

    digests = siphash128(KEY, np.array([9, 0, 1]), np.array([15, 15, 0]), data)

    seen = [f"{high:016x}{low:016x}" for high, low in digests.tolist()]
    expected = [_scalar(KEY, bytes(range(9, 24))), VECTORS[15], VECTORS[0]]
    assert seen == expected


def test_refuses_a_key_of_another_length() -> None:
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        siphash128(b"key", np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8))
