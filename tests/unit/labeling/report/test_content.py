"""What a report knows of its batches."""

from __future__ import annotations

from labeling.report.content import Batch
from tests.fixtures.report_data import batches, report_data


def test_rows_without_a_time_do_not_end_the_charts_over_time() -> None:
    named = batches(["2026-11-20", "2026-11-21"])

    assert report_data(batches=[*named, Batch("unknown", 7, 0, 7, "v1")]).has_times
    assert not report_data(batches=[*named, Batch("north", 7, 7, 0, "v1")]).has_times
