from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labeling.estimates.alerts.lives import MISSING, OVER, TOLD, AlertEvent, Event
from labeling.estimates.alerts.missing_data import (
    missing_alert,
    missing_alerts,
    stretches,
    watched_data,
)
from pipelines.job.sections import Batches

_NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


def _missing(*present: str, **rule: Any) -> list[list[str]]:
    at = rule.pop("at", _NOW)
    batches = Batches.model_validate({"by": "day", "expect": "day"} | rule)
    return [list(one.periods) for one in stretches(set(present), batches, at)]


def test_a_day_that_is_over_and_has_no_data_is_missing() -> None:
    assert _missing("2026-11-22", "2026-11-23") == [["2026-11-24"]]
    assert _missing("2026-11-22", "2026-11-23", "2026-11-24") == []


def test_days_that_follow_each_other_are_missing_together() -> None:
    found = _missing("2026-11-18", "2026-11-21")

    assert found == [["2026-11-19", "2026-11-20"], ["2026-11-22", "2026-11-23", "2026-11-24"]]


def test_a_day_waits_until_it_has_settled() -> None:
    assert _missing("2026-11-23", settle=13) == []
    assert _missing("2026-11-23", settle=12) == [["2026-11-24"]]


def test_a_day_ends_at_midnight_of_the_jobs_timezone() -> None:
    early = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)

    assert _missing("2026-11-23", at=early) == []
    assert _missing("2026-11-23", at=early, timezone="Europe/Berlin") == [["2026-11-24"]]


def test_nothing_is_missing_before_the_first_batch_or_from() -> None:
    assert _missing() == []
    assert _missing("2026-11-20", "2026-11-24", **{"from": "2026-11-22"}) == [
        ["2026-11-22", "2026-11-23"]
    ]


def test_from_says_where_data_begin_before_there_are_any() -> None:
    assert _missing(**{"from": "2026-11-24"}) == [["2026-11-24"]]


def test_hours_of_a_day_are_data_of_it() -> None:
    found = _missing("2026-11-23T07", "2026-11-24T23", by="hour", expect="day")

    assert found == []


def test_hours_days_weeks_and_months_may_be_expected() -> None:
    hours = [f"2026-11-25T{hour:02d}" for hour in range(12) if hour != 5]

    assert _missing(*hours, by="hour", expect="hour") == [["2026-11-25T05"]]
    assert _missing("2026-11-10", expect="week") == [["2026-W47"]]
    assert _missing("2026-09-30", expect="month") == [["2026-10"]]


def test_names_that_are_no_periods_are_no_data_of_any() -> None:
    assert _missing("unknown", "north") == []


def _event(event: Event, minutes: int = 0) -> AlertEvent:
    (stretch,) = stretches({"2026-11-23"}, Batches(by="day", expect="day"), _NOW)
    alert = missing_alert(stretch, "day", _NOW)
    return AlertEvent(
        id=alert.id,
        event=event,
        known_at=_NOW + timedelta(minutes=minutes),
        reason=alert.message if event == MISSING else None,
        period="day",
        window="2026-11-24",
    )


def test_missing_data_are_an_alert_that_is_told_once_and_over_when_they_come() -> None:
    events = [_event(MISSING), _event(TOLD, 1), _event(OVER, 2)]

    states = [missing_alerts(events[:many], "day")[0].status for many in (1, 2, 3)]

    assert states == ["new", "open", "over"]
    (alert,) = missing_alerts(events[:1], "day")
    assert (alert.message, alert.since) == ("no data of day 2026-11-24", _NOW)
    assert alert.record()["line"] is None


def test_a_period_that_is_no_longer_expected_is_no_alert() -> None:
    assert missing_alerts([_event(MISSING)], "week") == []
    assert missing_alerts([_event(MISSING)], None) == []


def test_what_is_watched_is_listed_with_its_state() -> None:
    missing = missing_alerts([_event(MISSING)], "day")

    (crossed,), (clear,) = watched_data(missing, "day"), watched_data([], "day")

    assert (crossed["metric"], crossed["state"], crossed["is_new"]) == ("no data", "crossed", True)
    assert (clear["state"], clear["reason"], clear["id"]) == (
        "clear",
        "every day that is over has data",
        None,
    )
    assert crossed.keys() == clear.keys()
    assert watched_data([], None) == []


@pytest.mark.parametrize("many", [1, 2])
def test_the_alert_of_a_stretch_keeps_its_id_as_it_grows(many: int) -> None:
    present, at = {"2026-11-23"}, _NOW + timedelta(days=many)

    (stretch,) = stretches(present, Batches(by="day", expect="day"), at)

    assert missing_alert(stretch, "day", at).id == _event(MISSING).id
    assert len(stretch.periods) == many + 1
