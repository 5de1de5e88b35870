from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.estimates.windows import a_year, closes, span, windows
from pipelines.input.batches import period_end
from pipelines.job.sections import Batches


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)))
def test_an_hour_lies_in_its_day_week_and_month(day: date) -> None:
    found = windows(f"{day}T23")

    assert found["day"] == day.isoformat()
    assert found["week"] == f"{day:%G-W%V}"
    assert found["month"] == f"{day:%Y-%m}"
    assert found["all"] == "all"


def test_a_week_counts_to_the_month_of_its_thursday() -> None:
    """Week 2026-W05 begins on 26 January and ends on 1 February."""
    assert windows("2026-W05") == {
        "batch": "2026-W05",
        "week": "2026-W05",
        "month": "2026-01",
        "all": "all",
    }


@pytest.mark.parametrize(
    "batch", ["all", "north", "2026-13-40", "2026-11-20T24", "2026-11-20 ", "x2026-W47", "2026-W60"]
)
def test_other_names_say_nothing_of_time(batch: str) -> None:
    assert windows(batch) == {"batch": batch, "all": "all"}
    assert closes(batch, Batches()) is None
    assert a_year(batch) is None


@pytest.mark.parametrize(
    "window, end",
    [
        ("2026-11-20T05", datetime(2026, 11, 20, 6, tzinfo=UTC)),
        ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-W47", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-12", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_window_closes_when_its_period_is_over(window: str, end: datetime) -> None:
    assert closes(window, Batches()) == end


def test_a_window_closes_in_the_timezone_of_the_job() -> None:
    end = closes("2026-11-20", Batches(timezone="America/New_York"))

    assert end == datetime(2026, 11, 21, tzinfo=UTC) + timedelta(hours=5)


@pytest.mark.parametrize("last, window", [("2026-11-22", "2026-W47"), ("2026-11-30", "2026-11")])
def test_a_window_closes_when_its_last_batch_has_settled(last: str, window: str) -> None:
    """Until then its figures are of a part of its days, and an alert would look twice."""
    rule = Batches(by="day", timezone="Europe/Berlin", settle=72)

    assert closes(window, rule) == period_end(last, rule)


def test_a_month_of_weeks_closes_with_the_week_of_its_last_thursday() -> None:
    """Which may end in the next month, or some days before the month does."""
    rule = Batches(by="week")

    assert windows("2026-W18")["month"] == "2026-04"
    assert (
        closes("2026-04", rule) == period_end("2026-W18", rule) == datetime(2026, 5, 4, tzinfo=UTC)
    )
    assert (
        closes("2026-05", rule) == period_end("2026-W22", rule) == datetime(2026, 6, 1, tzinfo=UTC)
    )
    assert (
        closes("2026-11", rule)
        == period_end("2026-W48", rule)
        == datetime(2026, 11, 30, tzinfo=UTC)
    )


def test_a_day_begins_at_midnight_where_the_job_is() -> None:
    """When clocks change, a day is an hour shorter or longer, and still a day."""
    found = span("2026-03-29", "Europe/Berlin")

    assert found is not None
    assert (found[1].astimezone(UTC) - found[0].astimezone(UTC)) == timedelta(hours=23)
