"""The rows of a fit: divided over all fragments as one, none lost and none in both parts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines.training.rows import TrainingRows
from pipelines.training.training_set import targets_of, training_set


def part(number: int, hours: list[int] | None, hashes: list[int]) -> TrainingRows:
    """Rows of one fragment, named after their hash."""
    n = len(hashes)
    return TrainingRows(
        features=pa.record_batch({"x": pa.array(hashes, pa.uint64())}),
        keys=pa.array([str(one) for one in hashes]),
        hashes=np.array([[one, 0] for one in hashes], dtype=np.uint64),
        micros=None if hours is None else np.array(hours, dtype=np.int64),
        targets=pa.array(["no", "yes"] * n)[:n],
        digests=np.zeros((n, 2), np.uint64),
        place=(number, 0),
    )


def keys(parts: list[TrainingRows]) -> list[str]:
    return [key for one in parts for key in one.keys.to_pylist()]


def test_the_latest_rows_of_all_fragments_measure() -> None:
    rows = [part(0, [1, 5, 2], [10, 11, 12]), part(1, [3, 4], [13, 14])]

    found = training_set(rows, holdout=0.4, max_rows=100)

    assert keys(found.training) == ["10", "12", "13"]
    assert keys(found.holdout) == ["11", "14"]


def test_a_limit_holds_for_all_fragments_together() -> None:
    """The smallest hashes stay, wherever they lie; a fragment without any is left out."""
    rows = [part(0, None, [40, 10]), part(1, None, [50]), part(2, None, [20, 30])]

    found = training_set(rows, holdout=0.34, max_rows=3)

    assert (keys(found.training), keys(found.holdout)) == (["10"], ["20", "30"])
    assert [one.place for one in found.training] == [(0, 0)]


@pytest.mark.parametrize("labels", [("no", "yes"), ("yes", "no")])
def test_targets_are_codes_into_the_labels(labels: tuple[str, ...]) -> None:
    targets = targets_of([part(0, None, [1, 2]), part(1, None, [3])], labels)

    assert [labels[code] for code in targets.astype(int)] == ["no", "yes", "no"]


def test_without_labels_targets_are_numbers() -> None:
    rows = part(0, None, [1, 2])
    numbers = TrainingRows(
        rows.features, rows.keys, rows.hashes, None, pa.array(["1.5", "2"]), rows.digests, (0, 0)
    )

    assert targets_of([numbers], ()).tolist() == [1.5, 2.0]
