from __future__ import annotations

from labeling.report import Outcomes, ReportData, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import usual


def _page(of: ReportData) -> Page:
    return Page(render(of))


def test_outcomes_have_no_interval() -> None:
    of = usual(outcomes=Outcomes(12, 0.25))

    said = _page(of).said

    assert "12 answers came by themselves" in said
    assert "25 % of those predictions were right" in said
    assert _page(of).figures == _page(usual()).figures


def test_reasons_of_people_who_could_not_tell_are_counted() -> None:
    said = _page(usual(cannot_tell={"blurred": 12, "too dark": 1})).said

    assert "People could not tell: 12 × blurred, 1 × too dark." in said
