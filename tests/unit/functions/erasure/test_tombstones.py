"""Tombstones stand where the rows stood, and say nothing of them."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.erasure.tombstones import are_tombstones, new_tombstone, tombstone_key

IDS = st.integers(0, 2**128 - 1).map("{:032x}".format)


@given(st.lists(IDS, min_size=1, max_size=20, unique=True), st.data())
def test_a_tombstone_has_the_place_of_the_row(ids: list[str], data: st.DataObject) -> None:
    """So that sums of floats are added in the same order."""
    ordered = sorted(ids)
    old = data.draw(st.sampled_from(ordered))
    assume(all(int(b, 16) - int(a, 16) > 2**16 for a, b in pairwise(ordered)))

    new = new_tombstone(old, ordered)

    assert len(new) == 32
    assert new not in ids
    moved = [new if one == old else one for one in ordered]
    assert sorted(moved) == moved


@given(st.lists(IDS, max_size=20, unique=True), IDS)
def test_a_row_that_was_not_drawn_gets_an_id_that_nobody_has(ids: list[str], old: str) -> None:
    assert new_tombstone(old, sorted({*ids} - {old})) not in {*ids, old}


def test_a_tombstone_is_another_each_time() -> None:
    """Nobody who has the seed, and guesses the key, can compute it."""
    old = "7" * 32

    assert len({new_tombstone(old, [old]) for _ in range(50)}) == 50


def test_keys_of_tombstones_are_told_from_others() -> None:
    keys = [tombstone_key("0" * 32), "forgotten:", "4711", None, tombstone_key("x")]

    assert are_tombstones(pa.array(keys)).tolist() == [True, False, False, False, False]
    assert are_tombstones(pa.chunked_array([keys[:1], keys[1:]])).tolist()[0]
