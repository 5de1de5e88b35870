"""What the name of a file tells of its batch."""

from __future__ import annotations

import pytest

from functions.batches.file_batches import period_in
from pipelines.job.rules import BatchRule


@pytest.mark.parametrize(
    ("name", "by", "batch"),
    [
        ("meters-2026-11-20.csv", "day", "2026-11-20"),
        ("meters_20261120.csv.gz", "day", "2026-11-20"),
        ("2026/11/20/part-0.parquet", "day", "2026-11-20"),
        ("2026-11-20T05.csv", "hour", "2026-11-20T05"),
        ("2026/11/20/05/part.csv", "hour", "2026-11-20T05"),
        ("2026-W47.csv", "week", "2026-W47"),
        ("2026W47.csv", "week", "2026-W47"),
        ("2026-11-20.csv", "week", "2026-W47"),
        ("2026-11-20.csv", "month", "2026-11"),
        ("2026-11.csv", "month", "2026-11"),
        ("202611/part-0.csv", "month", "2026-11"),
    ],
)
def test_one_period_in_the_name_is_the_batch(name: str, by: str, batch: str) -> None:
    assert period_in(name, BatchRule(by)) == {batch}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("meters.csv", "day"),
        ("2026-13-45.csv", "day"),
        ("12345678901234.csv", "day"),
        ("2026-11-01_2026-11-07.csv", "day"),  # a range: nobody knows which days it holds
        ("2026-11-20.csv", "hour"),
        ("2026-W99.csv", "week"),
        ("2026-13.csv", "month"),
        ("2026-10_2026-11.csv", "month"),
        ("2026-11-20.csv", "column"),
    ],
)
def test_no_period_or_several_tell_nothing(name: str, by: str) -> None:
    assert period_in(name, BatchRule(by)) == frozenset()  # type: ignore[arg-type]
