"""Results of fragments: written by a worker and read back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.row_digests import Digest
from pipelines.scoring.fragment_results import (
    BadRow,
    FragmentResult,
    decode_results,
    encode_results,
)
from pipelines.scoring.predicted_classes import PredictedClasses
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
        classes=PredictedClasses({"a": 3}, {"b": 1}, draw(NUMBERS), {}, {"a": 2}),
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
