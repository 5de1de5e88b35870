from __future__ import annotations

from labeling.estimates.estimate import widest
from pipelines.tables.schemas import ESTIMATES
from tests.fixtures.report_data import estimate


def test_a_record_has_the_columns_of_the_table() -> None:
    assert set(estimate().record()) | {"job", "known_at"} == set(ESTIMATES.names)


def test_the_widest_of_a_window_is_over_all_its_versions() -> None:
    part, whole = estimate(version="v1", rows=10), estimate(version=None, rows=30)

    assert widest([part, whole, part]) == [whole]
