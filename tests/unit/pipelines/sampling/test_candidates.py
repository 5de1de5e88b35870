"""Who can be asked to label: each key once, in the order of its hash."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling.candidates import in_order, within_budget

COPIES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=20)


@given(COPIES, st.integers(0, 9))
def test_a_key_counts_once_unless_its_copies_differ(rows: list[tuple[int, int]], seed: int) -> None:
    """The same as a loop over the keys."""
    hashes = np.random.default_rng(seed).integers(0, 2**64, (6, 2), dtype=np.uint64)
    names = np.array([key for key, _ in rows], np.int64)
    ids, contents = (
        np.column_stack([numbers, numbers]).astype(np.uint64)
        for numbers in (names, np.array([content for _, content in rows], np.int64))
    )
    copies = defaultdict(set)
    for key, content in rows:
        copies[key].add(content)
    usable = [key for key, held in copies.items() if len(held) == 1]

    places = in_order(ids, contents, hashes[names])

    expected = sorted(usable, key=lambda key: tuple(hashes[key].tolist()))
    assert names[places].tolist() == expected


@given(st.lists(st.booleans()), st.integers(0, 30))
def test_what_was_asked_stays_and_the_first_others_fill_the_budget(
    stays: list[bool], budget: int
) -> None:
    chosen = within_budget(np.array(stays, np.bool_), budget).tolist()

    others = [place for place, kept in enumerate(stays) if not kept]
    assert {place for place, kept in enumerate(stays) if kept} <= set(chosen)
    assert len(chosen) == max(sum(stays), min(budget, len(stays)))
    assert [place for place in chosen if not stays[place]] == others[: len(chosen) - sum(stays)]
