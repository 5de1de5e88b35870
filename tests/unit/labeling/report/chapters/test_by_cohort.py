from __future__ import annotations

from labeling.report import ReportData, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import estimate, report_data, usual


def _page(of: ReportData) -> Page:
    return Page(render(of))


def test_many_cohorts_are_told_in_the_table() -> None:
    found = [estimate("all", "all", cohort=f"shop={place}", rows=place + 1) for place in range(100)]

    page = _page(report_data([*found, *usual().estimates]))

    assert "shop: the 40 largest of 100 values are drawn" in page.said
    assert {float(place + 1) for place in range(100)} <= set(page.figures)


def test_cohorts_stand_in_the_order_that_people_count_in() -> None:
    names = ["below 500", "500 to 1000", "1000 to 2000", "2000 and over"]
    found = [estimate("all", "all", cohort=f"distance={name}") for name in reversed(names)]

    said = _page(report_data([*found, *usual().estimates])).said

    places = [said.index(name) for name in names]
    assert places == sorted(places)


def test_rows_seen_in_training_are_told() -> None:
    every = [*usual().estimates, estimate("all", "all", cohort="seen_in_training=true")]

    assert "Every row that people judged was seen in training" in _page(report_data(every)).said


def test_versions_stand_beside_each_other() -> None:
    whole = estimate("all", "all", version=None)
    parts = [estimate("all", "all", version=version, rows=100) for version in ("v1", "v2")]

    said = _page(report_data([whole, *parts, *usual().estimates[:-1]])).said

    assert "model version" in said
