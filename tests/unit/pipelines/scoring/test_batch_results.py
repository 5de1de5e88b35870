"""Bad rows are counted, and take no more memory than a few of each reason."""

from __future__ import annotations

import numpy as np

from pipelines.identity.row_digests import Digest
from pipelines.scoring.batch_results import FIRST, BatchResults
from pipelines.scoring.fragment_results import (
    BadRow,
    FragmentResult,
    decode_results,
    encode_results,
)


def result(bad: int, first: int = 0, reason: str = "null_key") -> FragmentResult:
    rows = tuple(BadRow(None, reason, "id", "a.csv", row) for row in range(first, first + bad))
    ids = np.zeros((7, 2), np.uint64)
    return FragmentResult(
        "b", "a.csv", 0, 0, Digest(bad + 7), rows, ids, ids, np.zeros(7, np.int64), (), None
    )


def test_few_bad_rows_are_all_kept() -> None:
    batch = BatchResults(most_bad=1_000, most_kept=500)
    for first in range(0, 400, 100):
        batch.add(result(100, first))

    assert [row.row for one in batch.results for row in one.bad] == list(range(400))
    assert not batch.is_refused


def test_of_many_the_first_of_each_reason_are_kept_and_all_are_counted() -> None:
    batch = BatchResults(most_bad=10_000, most_kept=500)
    for first in range(0, 3_000, 300):
        batch.add(result(300, first))
        batch.add(result(2, first, "infinite"))

    kept = [row for one in batch.results for row in one.bad]
    assert [row.row for row in kept if row.reason == "null_key"][:FIRST] == list(range(FIRST))
    assert len(kept) <= 500
    assert sum(one.bad_count for one in batch.results) == batch.bad == 3_020
    assert sum(one.more_bad.get(("infinite", "id"), 0) for one in batch.results) == 0


def test_a_batch_that_is_surely_refused_keeps_no_predictions() -> None:
    batch = BatchResults(most_bad=150, most_kept=500)
    batch.add(result(100))
    assert [len(one.ids) for one in batch.results] == [7]

    batch.add(result(100, 100))

    assert batch.is_refused
    assert [len(one.ids) for one in batch.results] == [0, 0]
    assert sum(one.rows_in for one in batch.results) == 214


def test_what_was_only_counted_leaves_a_worker_too() -> None:
    batch = BatchResults(most_bad=None, most_kept=0)
    batch.add(result(FIRST + 5))

    (again,) = decode_results(encode_results(batch.results))

    assert (again.bad_count, again.more_bad) == (FIRST + 5, {("null_key", "id"): 5})
