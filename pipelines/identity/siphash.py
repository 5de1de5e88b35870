"""SipHash-2-4 with 128 bits of output, for many messages at once.

The rounds are those of the reference; they run over whole columns of messages
with numpy, in blocks that stay in the processor's cache. Every operation is an
addition, a rotation or an exclusive or of 64-bit words, so the result is the
same on every machine.

Source: Aumasson and Bernstein, SipHash: a fast short-input PRF, INDOCRYPT
2012; the 128-bit variant and the test vectors are those of the authors'
reference code (github.com/veorq/SipHash).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipelines.columns.buffers import Bytes, Int64s, Words

_BLOCK = 8192  # messages at once: fewer cost calls, more no longer fit the cache
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_WORD = np.dtype("<u8")
_BYTE_MASKS = np.array([(1 << 8 * count) - 1 for count in range(8)], dtype=np.uint64)
_SHIFTS = {bits: (np.uint64(bits), np.uint64(64 - bits)) for bits in (13, 16, 17, 21, 32)}


def siphash128(key: bytes, starts: Int64s, lengths: Int64s, data: Bytes) -> Words:
    """Hash messages that lie in one buffer.

    Args:
        key: 16 bytes.
        starts: where in `data` each message begins (n,).
        lengths: of the messages, in bytes (n,). Long ones cost a pass of numpy
            calls per 8 bytes: hash their digests instead.
        data: the bytes.

    Returns:
        (n, 2): the two halves of each 16-byte digest, read big-endian, so that
        the order of the rows is the order of the digests' hexadecimal text.

    >>> data = np.zeros(1, np.uint8)
    >>> digests = siphash128(bytes(range(16)), np.array([0]), np.array([1]), data)
    >>> "".join(f"{half:016x}" for half in digests[0].tolist())
    'da87c1d86b99af44347659119b22fc45'
    """
    if len(key) != 16:
        raise ValueError(f"SipHash takes a key of 16 bytes, not {len(key)}")
    digests = np.empty((len(starts), 2), dtype=np.uint64)
    for first in range(0, len(starts), _BLOCK):
        block = slice(first, first + _BLOCK)
        digests[block] = _block(key, starts[block], lengths[block], data)
    return digests


def _block(key: bytes, starts: Int64s, lengths: Int64s, data: Bytes) -> Words:
    """Hash one block: longest first, so that the messages still being read are a prefix."""
    order = None if (lengths == lengths[0]).all() else np.argsort(-lengths, kind="stable")
    if order is not None:
        starts, lengths = starts[order], lengths[order]
    state = _State(key, len(starts))
    for word in _words(starts, lengths, data):
        state.take_in(word)
    digests = state.digests()
    if order is None:
        return digests
    unsorted = np.empty_like(digests)
    unsorted[order] = digests
    return unsorted


def _words(starts: Int64s, lengths: Int64s, data: Bytes) -> Iterator[Words]:
    """Yield the j-th little-endian word of every message that has one, for j = 0, 1, ...

    The last word of a message is its remaining 0-7 bytes and, on top, its
    length mod 256.
    """
    low, high = int(starts.min()), int((starts + lengths).max())
    padded = np.zeros((high - low) // 8 + 2, dtype=_WORD)  # aligned, and safe to read past
    padded.view(np.uint8)[: high - low] = data[low:high]
    offsets = starts - low
    shift = ((offsets & 7) << 3).astype(np.uint64)
    back = np.uint64(64) - shift  # a shift by 64 gives 0 in numpy
    at, full = offsets >> 3, lengths >> 3
    finals = _BYTE_MASKS[lengths & 7], lengths.astype(np.uint64) << np.uint64(56)
    for j in range(int(full[0]) + 1):
        reading = int(np.searchsorted(-full, -j, side="right"))  # has a j-th word
        whole = int(np.searchsorted(-full, -j, side="left"))  # ... which is not the last
        here = at[:reading] + j
        word = padded.take(here) >> shift[:reading]
        word |= padded.take(here + 1) << back[:reading]
        word[whole:] &= finals[0][whole:reading]
        word[whole:] |= finals[1][whole:reading]
        yield word


class _State:
    """The state of SipHash: four words per message, and one for scratch; updated in place."""

    __slots__ = ("_scratch", "_v")

    def __init__(self, key: bytes, count: int) -> None:
        halves = [int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")] * 2
        self._v = np.empty((4, count), dtype=np.uint64)
        for row, half, start in zip(self._v, halves, _START, strict=True):
            row[:] = half ^ start
        self._v[1] ^= np.uint64(0xEE)  # what tells 128 bits of output from 64
        self._scratch = np.empty(count, dtype=np.uint64)

    def take_in(self, word: Words) -> None:
        """Absorb one word of the first `len(word)` messages."""
        count = len(word)
        self._v[3, :count] ^= word
        self._rounds(2, count)
        self._v[0, :count] ^= word

    def digests(self) -> Words:
        """Finish, and return the digests (n, 2), each half read big-endian."""
        halves = np.empty((self._v.shape[1], 2), dtype=np.uint64)
        for half, (row, constant) in enumerate(((2, 0xEE), (1, 0xDD))):
            self._v[row] ^= np.uint64(constant)
            self._rounds(4, self._v.shape[1])
            np.bitwise_xor.reduce(self._v, axis=0, out=halves[:, half])
        return halves.byteswap(inplace=True)

    def _rounds(self, count: int, messages: int) -> None:
        a, b, c, d = self._v[:, :messages]
        scratch = self._scratch[:messages]
        for _ in range(count):
            _mix(a, b, 13, scratch)
            _rotate(a, 32, scratch)
            _mix(c, d, 16, scratch)
            _mix(a, d, 21, scratch)
            _mix(c, b, 17, scratch)
            _rotate(c, 32, scratch)


def _mix(left: Words, right: Words, bits: int, scratch: Words) -> None:
    """Do a quarter of a SipRound in place: add, rotate, exclusive or."""
    np.add(left, right, out=left)
    _rotate(right, bits, scratch)
    np.bitwise_xor(right, left, out=right)


def _rotate(words: Words, bits: int, scratch: Words) -> None:
    """Rotate each word to the left, in place."""
    left, right = _SHIFTS[bits]
    np.left_shift(words, left, out=scratch)
    np.right_shift(words, right, out=words)
    np.bitwise_or(words, scratch, out=words)
