from __future__ import annotations

from labeling.report.chart import Bar, BarChart, Counts, ScatterChart
from labeling.report.drawing.plots import bars, scatter
from labeling.report.drawing.time_axis import clock_of
from tests.fixtures.readers import Page


def _bars(counts: Counts) -> Page:
    chart = BarChart(
        bars=[Bar("2026-11-20", counts, "a day")],
        batches=["2026-11-20"],
        timezone="UTC",
        alt="a day",
    )
    clock = clock_of(chart.batches, "UTC")
    assert clock is not None
    return Page(bars(chart, clock))


def test_bars_stack() -> None:
    page = _bars((("scored", 75), ("refused", 25)))

    (scored,), (refused,) = page.marks("scored"), page.marks("refused")
    assert (scored["y"], scored["height"]) == ("25%", "75%")
    assert (refused["y"], refused["height"]) == ("0%", "25%")


def test_bars_of_nothing_are_drawn_without_a_fault() -> None:
    assert _bars((("scored", 0),)).marks("scored") == []


def test_points_lie_where_their_numbers_say() -> None:
    """The scale runs over both numbers of all points, so equal ones lie on the diagonal."""
    points = [(0.0, 0.0), (0.2, 0.9), (1.0, 1.0)]

    page = Page(scatter(ScatterChart(points, "predicted", "people", "three")))

    assert [(one["cx"], one["cy"]) for one in page.marks("pair")] == [
        ("0%", "100%"),
        ("20%", "10%"),
        ("100%", "0%"),
    ]
