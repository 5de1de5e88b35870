"""The hash that identity and chance come from, one message at a time, from its published definition.

SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012), keyed by the BLAKE2b
digest of length-prefixed fields.
"""

from __future__ import annotations

import functools
import hashlib

_MASK = 2**64 - 1


@functools.lru_cache(maxsize=1000)
def subkey(*fields: str) -> bytes:
    """Return the key of 16 bytes that some fields make."""
    digest = hashlib.blake2b(digest_size=16, person=b"recheck H128 v1")
    for field in fields:
        content = field.encode()
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.digest()


@functools.lru_cache(maxsize=100_000)
def hash_of(key: bytes, text: str) -> str:
    """Return the hash of a text of at most 256 bytes, as 32 hexadecimal digits."""
    message = text.encode()
    k0, k1 = (int.from_bytes(key[at : at + 8], "little") for at in (0, 8))
    state = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D ^ 0xEE,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) % 256])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    halves = []
    for at, mark in ((2, 0xEE), (1, 0xDD)):
        state[at] ^= mark
        _rounds(state, 4)
        halves.append((state[0] ^ state[1] ^ state[2] ^ state[3]).to_bytes(8, "little").hex())
    return "".join(halves)


def prediction_id(seed: str, job: str, batch: str, key: str) -> str:
    """Return the id of a row's prediction."""
    return hash_of(subkey(seed, "prediction_id", job, batch), key)


def draw(seed: str, batch: str, key: str) -> str:
    """Return what decides whether a row is drawn: the smallest ones are."""
    return hash_of(subkey(seed, "sample", batch), key)


def _rounds(state: list[int], many: int) -> None:
    a, b, c, d = state
    for _ in range(many):
        a = (a + b) & _MASK
        b = _turned(b, 13) ^ a
        a = _turned(a, 32)
        c = (c + d) & _MASK
        d = _turned(d, 16) ^ c
        a = (a + d) & _MASK
        d = _turned(d, 21) ^ a
        c = (c + b) & _MASK
        b = _turned(b, 17) ^ c
        c = _turned(c, 32)
    state[:] = a, b, c, d


def _turned(word: int, by: int) -> int:
    return ((word << by) | (word >> (64 - by))) & _MASK
