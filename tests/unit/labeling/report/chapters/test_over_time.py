from __future__ import annotations

from typing import Any

from labeling.report import ReportData, render
from tests.fixtures.readers import Page, figure_of, page_of
from tests.fixtures.report_data import batches, days, estimate, report_data, unknown, usual

_ERRORS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6, "largest": 0.03}


def test_an_unknown_window_leaves_a_gap() -> None:
    """No dot, no whisker, no band: only the box that says that people were asked."""
    week = days("2026-11-16", 7)
    found = [estimate("batch", day) for day in week[:3]] + [
        unknown("batch", day) for day in week[3:]
    ]

    page = figure_of("time", report_data([*found, unknown("week", "2026-W47")]))

    assert len(page.marks("whisker")) == 3
    assert len(page.marks("asked")) == 4 + 1  # and in the legend
    assert len(page.marks("answered")) == 3 + 1


def test_what_nobody_asked_about_is_seen() -> None:
    page = page_of(usual(batches=batches(days("2026-11-09", 14))))

    assert len(page.marks("unasked")) == 7 + 1


def test_long_stretches_without_questions_are_drawn_narrow() -> None:
    many = days("2026-01-01", 320)

    page = page_of(usual(batches=batches(many)))

    assert len(page.marks("fold")) == 1
    assert "45 weeks not asked" in page.said


def test_hundreds_of_batches_stay_readable() -> None:
    """Beyond a year of them, weeks take the place of batches."""
    many = days("2024-01-01", 900)
    found = [estimate("batch", day) for day in many]
    weeks = sorted({f"2024-W{week:02d}" for week in range(1, 53)})

    page = page_of(
        report_data([*found, *(estimate("week", week) for week in weeks)], batches=batches(many))
    )

    assert len(page.marks("whisker")) <= 370
    assert len(page.marks("scored")) <= 400
    assert (
        sum(
            " minor" in str(one.get("class")) or one.get("class") == "below"
            for one in page.of("text")
        )
        < 40
    )


def test_a_value_beyond_the_picture_is_told() -> None:
    """One wild day must not flatten all others."""
    week = days("2026-11-16", 7)
    daily = [
        estimate("batch", day, **(_ERRORS | {"value": 90.0 if day == week[3] else 1.3}))
        for day in week
    ]

    assert (
        "1 value beyond the end of the axis"
        in page_of(report_data([*daily, estimate(**_ERRORS)], task="regression")).said
    )


def _weeks(*values: float) -> ReportData:
    """Return weeks of these accuracies, give or take four points."""
    names = [f"2026-W{week}" for week in range(40, 40 + len(values))]
    found = [
        estimate("week", name, value=value, low=value - 0.04, high=value + 0.04)
        for name, value in zip(names, values, strict=True)
    ]
    return report_data(found, batches=batches(days("2026-09-28", 7 * len(values))))


def test_weeks_that_chance_alone_could_tell_apart_are_no_difference() -> None:
    said = Page(render(_weeks(0.83, 0.86, 0.82, 0.85))).said

    assert "Between the weeks there is no difference that these answers could show." in said
    assert "lowest" not in said


def test_a_week_that_is_surely_worse_is_told_with_the_limits_of_the_difference() -> None:
    said = Page(render(_weeks(0.85, 0.86, 0.6))).said

    assert "The week 12–18 October 2026 is worse than those before it (86 %), by" in said
