from __future__ import annotations

from typing import Any

from labeling.report import ReportData, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import estimate, report_data

_ERRORS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6, "largest": 0.03}


def _page(of: ReportData) -> Page:
    return Page(render(of))


def test_both_sizes_of_errors_are_told_and_the_unreliable_one_is_marked() -> None:
    mae, rmse = (
        _ERRORS | {"metric": metric, "reliable": is_reliable}
        for metric, is_reliable in (("mae", True), ("rmse", False))
    )
    errors = [estimate(**of) for of in (mae, rmse)] + [
        estimate("all", "all", **of) for of in (mae, rmse)
    ]

    said = _page(report_data(errors, task="regression")).said

    assert "Unreliable: root mean square error of all batches. A few large errors decide it" in said
    assert "Unreliable: mean absolute error" not in said
