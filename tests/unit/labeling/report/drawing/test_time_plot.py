from __future__ import annotations

from dataclasses import replace

from labeling.report.chart import Axis, IntervalMark, Lines, TimeChart, WindowMark
from labeling.report.drawing.time_axis import Clock, clock_of
from labeling.report.drawing.time_plot import over_time
from labeling.report.scale import Scale
from tests.fixtures.readers import Page

_DAYS = ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23")
_CHART = TimeChart(
    fine=(),
    wide=(),
    axis=Axis(Scale(0, 1), "share"),
    lines=Lines(),
    asked=(),
    batches=_DAYS,
    timezone="UTC",
    alt="one",
)


def _clock(*windows: str) -> Clock:
    found = clock_of(windows, "UTC")
    assert found is not None
    return found


def test_higher_values_are_drawn_higher() -> None:
    marks = [
        WindowMark("2026-11-20", IntervalMark(0.25, 0.2, 0.3), "low"),
        WindowMark("2026-11-21", IntervalMark(0.75, 0.7, 0.8), "high"),
    ]

    page = Page(over_time(replace(_CHART, fine=marks), _clock(*_DAYS[:2])))

    assert [(one["cx"], one["cy"]) for one in page.marks("value")] == [
        ("25%", "75%"),
        ("75%", "25%"),
    ]


def test_a_band_spans_its_window_and_interval() -> None:
    mark = WindowMark("2026-11-21", IntervalMark(0.5, 0.4, 0.8, truth=0.6), "one")

    page = Page(over_time(replace(_CHART, wide=[mark]), _clock(*_DAYS)))

    (band,) = page.marks("band")
    assert [band[name] for name in ("x", "y", "width", "height")] == ["25%", "20%", "25%", "40%"]
    assert len(page.marks("level")) == len(page.marks("truth-level")) == 1
