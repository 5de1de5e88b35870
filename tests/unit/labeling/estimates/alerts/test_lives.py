from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from labeling.estimates.alerts.lives import (
    ACKNOWLEDGED,
    TOLD,
    Alert,
    AlertEvent,
    Event,
    alerts_of,
)
from labeling.estimates.alerts.watched_lines import CLEAR, CROSSED, UNKNOWN, State, WatchedLine

_BEGAN = datetime(2026, 11, 21, 4, tzinfo=UTC)


def _look(day: str, state: State, after: int = 0, *, cohort: str | None = None) -> WatchedLine:
    """Return a look at a day's accuracy, taken so many hours after the first."""
    return WatchedLine(
        metric="accuracy",
        class_=None,
        cohort=cohort,
        period="batch",
        window=day,
        side="below",
        limit=0.9,
        state=state,
        reason="why",
        value=0.5,
        looked_at=_BEGAN + timedelta(hours=after),
    )


def _event(alert: Alert, event: Event, reason: str | None = None) -> AlertEvent:
    moment = _BEGAN + timedelta(minutes=1)
    return AlertEvent(id=alert.id, event=event, known_at=moment, actor="ann", reason=reason)


def test_the_first_crossed_window_begins_an_alert() -> None:
    (alert,) = alerts_of([_look("2026-11-19", CLEAR), _look("2026-11-20", CROSSED)])

    assert (alert.status, alert.window, alert.since) == ("new", "2026-11-20", _BEGAN)
    assert alert.record()["is_new"] is True
    assert alert.record()["state"] == "crossed"


def test_an_alert_that_was_told_is_open_and_no_longer_new() -> None:
    looks = [_look("2026-11-20", CROSSED)]
    (new,) = alerts_of(looks)

    (alert,) = alerts_of(looks, [_event(new, TOLD)])

    assert (alert.status, alert.is_new, alert.acknowledgement) == ("open", False, None)


def test_later_windows_that_cross_the_line_belong_to_the_alert() -> None:
    """And it goes on over windows of which nobody can tell."""
    (first,) = alerts_of([_look("2026-11-20", CROSSED)])

    (alert,) = alerts_of(
        [
            _look("2026-11-20", CROSSED),
            _look("2026-11-21", UNKNOWN, 24),
            _look("2026-11-22", CROSSED, 48),
        ]
    )

    assert (alert.id, alert.since, alert.window) == (first.id, first.since, "2026-11-22")
    assert alert.windows == ("2026-11-20", "2026-11-22")


def test_an_alert_is_over_with_a_window_that_is_surely_not_crossed() -> None:
    """The next one that crosses the line begins another."""
    looks = [
        _look("2026-11-20", CROSSED),
        _look("2026-11-21", CLEAR, 24),
        _look("2026-11-22", CROSSED, 48),
    ]
    events = [_event(one, TOLD) for one in alerts_of(looks[:1])]

    over, other = alerts_of(looks, events)

    assert (over.status, over.state, over.window) == ("over", "clear", "2026-11-20")
    assert (other.status, other.window) == ("new", "2026-11-22")


def test_an_alert_that_nobody_was_told_of_is_new_though_it_is_over() -> None:
    (alert,) = alerts_of([_look("2026-11-20", CROSSED), _look("2026-11-21", CLEAR)])

    assert (alert.status, alert.state) == ("new", "clear")


def test_an_earlier_window_that_is_clear_ends_nothing() -> None:
    """It was looked at late, because its answers were."""
    (alert,) = alerts_of([_look("2026-11-20", CROSSED), _look("2026-11-18", CLEAR, 24)])

    assert not alert.is_over


def test_a_window_before_one_that_is_clear_is_an_alert_that_is_over() -> None:
    (alert,) = alerts_of([_look("2026-11-20", CLEAR), _look("2026-11-18", CROSSED, 24)])

    assert (alert.is_new, alert.is_over) == (True, True)


def test_an_earlier_window_found_later_changes_neither_id_nor_figures() -> None:
    first, late = _look("2026-11-20", CROSSED), _look("2026-11-18", CROSSED, 24)

    (before,), (after,) = alerts_of([first]), alerts_of([first, late])

    assert (after.id, after.window, after.since) == (before.id, "2026-11-20", before.since)
    assert after.windows == ("2026-11-20", "2026-11-18")


def test_windows_without_a_time_are_alerts_of_their_own() -> None:
    north, south = alerts_of([_look("north", CROSSED), _look("south", CROSSED)])

    assert north.id != south.id


def test_each_line_has_alerts_of_its_own() -> None:
    all_rows, some = alerts_of(
        [_look("2026-11-20", CROSSED), _look("2026-11-20", CROSSED, cohort="area=north")]
    )

    assert all_rows.id != some.id


def test_an_acknowledged_alert_says_who_and_why_and_is_not_new() -> None:
    looks = [_look("2026-11-20", CROSSED)]
    (new,) = alerts_of(looks)

    (alert,) = alerts_of(looks, [_event(new, ACKNOWLEDGED, "rolled back")])

    moment = _BEGAN + timedelta(minutes=1)
    assert alert.record()["acknowledged"] == {"at": moment, "by": "ann", "reason": "rolled back"}
    assert not alert.is_new


def test_a_window_that_was_not_looked_at_is_no_alert() -> None:
    assert alerts_of([replace(_look("2026-11-20", CROSSED), looked_at=None)]) == []
