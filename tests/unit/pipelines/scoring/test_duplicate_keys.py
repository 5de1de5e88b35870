"""Rows that share a key: of identical ones the first stays, differing ones all go."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.row_digests import Digest
from pipelines.scoring.duplicate_keys import duplicates
from pipelines.scoring.fragment_results import FragmentResult


def result(number: int, first: int, rows: Sequence[tuple[int, int]]) -> FragmentResult:
    """The result of rows given as (key, content), from some row of a file on."""
    words = np.array(rows, dtype=np.uint64).reshape(len(rows), 2)
    ids, contents = (np.stack([words[:, lane]] * 2, axis=1) for lane in (0, 1))
    return FragmentResult(
        batch="b",
        source=f"file {number}",
        source_number=number,
        row_group=0,
        digest=Digest(),
        bad=(),
        ids=ids,
        contents=contents,
        positions=np.arange(first, first + len(rows)),
        versions=(),
        file=None,
    )


def plainly(rows: Sequence[tuple[int, int, int, int]]) -> dict[tuple[str, int], str]:
    """The rule in plain words, for rows of (key, file, row, content)."""
    found: dict[tuple[str, int], str] = {}
    for _, copies in groupby(sorted(rows), key=lambda row: row[0]):
        first, *others = list(copies)
        if any(row[3] != first[3] for row in others):
            found |= {
                (f"file {file}", row): "duplicate_key" for _, file, row, _ in [first, *others]
            }
        else:
            found |= {(f"file {file}", row): "duplicate_row" for _, file, row, _ in others}
    return found


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), max_size=4), max_size=6),
    st.randoms(),
)
def test_of_identical_copies_the_first_stays_and_differing_ones_all_go(
    fragments: list[list[tuple[int, int]]], order: Random
) -> None:
    """Across files and fragments, and in whatever order results arrive."""
    made, rows, at = [], [], 0
    for number, fragment in enumerate(fragments):
        file = number // 2  # two fragments a file
        at = 0 if number % 2 == 0 else at
        made.append(result(file, at, fragment))
        rows += [(key, file, at + i, content) for i, (key, content) in enumerate(fragment)]
        at += len(fragment)
    order.shuffle(made)

    assert duplicates(made) == plainly(rows)


@pytest.mark.parametrize("made", [[], [result(0, 0, [])], [result(0, 0, [(1, 1)])]])
def test_a_row_alone_has_no_twin(made: list[FragmentResult]) -> None:
    assert duplicates(made) == {}


def test_ids_that_agree_in_half_their_bits_are_other_rows() -> None:
    """What is sorted is the first half; what is judged is the whole."""
    one = result(0, 0, [(7, 1), (7, 2)])
    one.ids[1, 1] = 8

    assert duplicates([one]) == {}
