from __future__ import annotations

from typing import Any

import numpy as np

from labeling.estimates.calibration import Answered, Pairs, calibration
from labeling.report import ReportData, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import estimate, report_data, usual

_ERRORS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6, "largest": 0.03}


def _page(of: ReportData) -> Page:
    return Page(render(of))


def test_scores_that_promise_too_much_are_named() -> None:
    sure = Answered(np.full(100, 0.95), np.tile([0.0, 1.0], 50), np.ones(100))

    said = _page(usual(calibration=calibration(sure))).said

    assert "surer than it should be" in said


def test_numbers_are_drawn_against_numbers() -> None:
    of = report_data(
        [estimate(**_ERRORS)],
        task="regression",
        pairs=Pairs(np.array([1.0, 2.0]), np.array([2.0, 2.5]), np.array([1.0, 3.0])),
    )

    page = _page(of)

    assert len(page.marks("pair")) == 2
    assert "0.625 too low on average" in page.said  # the second stands for three times the rows
