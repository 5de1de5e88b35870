"""What leaves a worker: there and back, and the rows that share a key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.row_digests import Digest
from pipelines.scoring.fragment_results import (
    BadRow,
    FragmentResult,
    decode_results,
    duplicates,
    encode_results,
)
from pipelines.tables.table_files import WrittenFile

WORDS = st.integers(0, 2**64 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
NUMBERS = st.integers(0, 2**40)


@st.composite
def results(draw: st.DrawFn) -> FragmentResult:
    n = draw(st.integers(0, 4))
    words = draw(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), min_size=n, max_size=n))
    hashes = np.array(words, dtype=np.uint64).reshape(n, 4)
    bad = st.builds(BadRow, st.none() | TEXTS, TEXTS, st.none() | TEXTS, TEXTS, NUMBERS)
    return FragmentResult(
        batch=draw(TEXTS),
        source=draw(TEXTS),
        source_number=draw(NUMBERS),
        row_group=draw(NUMBERS),
        digest=Digest(draw(NUMBERS), draw(st.integers(0, 2**128 - 1))),
        bad=tuple(draw(st.lists(bad, max_size=3))),
        ids=hashes[:, :2],
        contents=hashes[:, 2:],
        positions=np.array(draw(st.lists(NUMBERS, min_size=n, max_size=n)), dtype=np.int64),
        versions=tuple(draw(st.lists(TEXTS, max_size=2))),
        file=draw(st.none() | st.builds(WrittenFile, TEXTS, NUMBERS, NUMBERS)),
    )


def same(one: FragmentResult, other: FragmentResult) -> bool:
    names = [
        name for name in FragmentResult.__slots__ if name not in ("ids", "contents", "positions")
    ]
    arrays = [name for name in FragmentResult.__slots__ if name not in names]
    return all(getattr(one, name) == getattr(other, name) for name in names) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


@given(st.lists(results(), max_size=4))
def test_results_come_back_as_they_left(left: list[FragmentResult]) -> None:
    """Every field, also of a result without rows; and the same results are the same bytes."""
    content = encode_results(left)

    found = decode_results(content)

    assert len(found) == len(left)
    assert all(same(one, other) for one, other in zip(found, left, strict=True))
    assert encode_results(found) == content


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
