"""H128: fixed vectors, because it is part of published designs, and its algebra."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.columns.buffers import texts
from pipelines.identity.keyed_hash import LONGEST, hashes, hex_text, parse_hex, subkey

KEY = bytes(range(16))


def _hex(column: pa.Array, key: bytes = KEY) -> list[str]:
    digits: list[str] = hex_text(hashes(key, column)).to_pylist()
    return digits


def test_subkeys_never_change() -> None:
    """Version 1, for ever: a changed subkey would be another sample."""
    assert subkey().hex() == "601faf47e1cd3d5ab04f6eef91e2ea05"
    assert subkey("seed", "sample", "2026-11-20").hex() == "7ea627c6414a7ab1d91c3b6e21a300f6"
    assert subkey("Grüße", "").hex() == "23af547ea1c6fdf62e20dba771a9c2f4"


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_fields_do_not_run_into_each_other(one: list[str], other: list[str]) -> None:
    """Different fields have different subkeys, also where their joined text is the same."""
    assert (subkey(*one) == subkey(*other)) == (one == other)


def test_hashes_never_change() -> None:
    """A short key is SipHash's own vector; a long one is that of its keyed BLAKE2b digest."""
    long = "x" * (LONGEST + 1)
    digest = blake2b(long.encode(), digest_size=32, key=KEY, person=b"recheck H128 v1").digest()

    seen = _hex(texts(["", "a", "x" * LONGEST, long]))

    assert seen[0] == "a3817f04ba25a8e66df67214c7550293"
    assert seen[1:3] == ["0ea4f2fb02ad21d92d5fc91684f26426", "0a3fc90a3aca94e3cc7c6695c7ff76e8"]
    assert seen[3] == _hex(pa.array([digest], pa.binary()))[0] == "abd39edbbf03ab8811ed05b2cf781412"


@given(st.lists(st.text(max_size=12), max_size=30), st.data())
def test_a_slice_or_a_dictionary_hashes_alike(values: list[str], data: st.DataObject) -> None:
    """A key's hash depends on the key alone, not on how the column holds it."""
    column = texts(values)
    start = data.draw(st.integers(0, len(values)))

    expected = _hex(column)

    assert _hex(column.slice(start)) == expected[start:]
    assert _hex(column.dictionary_encode()) == expected
    assert _hex(column.cast(pa.large_string())) == expected
    assert _hex(column.cast(pa.binary())) == expected


@given(st.lists(st.sampled_from(["a", "b" * 300, "c" * 256, "d" * 257]), max_size=12))
def test_long_keys_among_short_ones_keep_their_rows(values: list[str]) -> None:
    alone = {value: _hex(texts([value]))[0] for value in set(values)}

    assert _hex(texts(values)) == [alone[value] for value in values]


def test_a_null_key_is_refused() -> None:
    with pytest.raises(ValueError, match="1 keys are null"):
        hashes(KEY, texts(["a", None]))


@given(st.lists(st.tuples(*[st.integers(0, 2**64 - 1)] * 2), max_size=20))
def test_hexadecimal_text_goes_back_and_keeps_the_order(pairs: list[tuple[int, int]]) -> None:
    """Sorting rows of hashes and sorting their text is the same."""
    digests = np.array(pairs, dtype=np.uint64).reshape(-1, 2)

    column = hex_text(digests)

    assert column.to_pylist() == [f"{high:016x}{low:016x}" for high, low in pairs]
    assert np.array_equal(parse_hex(column), digests)
    assert np.array_equal(parse_hex(column.slice(1)), digests[1:])
    ordered = sorted(range(len(pairs)), key=column.to_pylist().__getitem__)
    assert ordered == sorted(range(len(pairs)), key=pairs.__getitem__)


@pytest.mark.parametrize("value", ["", "0" * 31, "G" * 32, "A" * 32, None])
def test_what_is_no_identifier_is_refused(value: str | None) -> None:
    with pytest.raises(ValueError, match="32"):
        parse_hex(texts([value]))


def test_hashes_are_uniform_and_independent_between_subkeys() -> None:
    """256 cells of 20,000 keys, within five standard deviations of chi-squared."""
    keys = texts(str(number) for number in range(20_000))
    one, other = (hashes(subkey("seed", purpose), keys) for purpose in ("sample", "fit"))

    for cells in (
        one[:, 0] >> np.uint64(56),
        one[:, 1] & np.uint64(255),
        (one[:, 0] >> np.uint64(60)) << np.uint64(4) | (other[:, 0] >> np.uint64(60)),
    ):
        expected = len(keys) / 256
        counts = np.bincount(cells.astype(np.int64), minlength=256)
        chi_squared = ((counts - expected) ** 2 / expected).sum()
        assert abs(chi_squared - 255) < 5 * np.sqrt(2 * 255)
