from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from labeling.estimates.alerts import CROSSED, UNKNOWN, Watch, looks
from labeling.estimates.alerts.watched_lines import WatchedLine
from labeling.estimates.estimate import Estimate
from pipelines.job.sections import AlertLook, Batches
from tests.benchmarks import alert_days
from tests.benchmarks.alert_looks import rule

_AT = datetime(2028, 1, 1, tzinfo=UTC)
_WATCH = Watch([rule(below=0.9, period="day")], AlertLook(), Batches(by="day"))
_BAD, _GOOD = 82, 90  # of 100 answers: an interval wholly below .9, and one that holds it


def _days(*rights: int) -> list[Estimate]:
    return [alert_days.day(number, right, 100) for number, right in enumerate(rights)]


def _states(days: list[Estimate], past: list[WatchedLine] | None = None) -> list[str]:
    return [one.state for one in looks(days, _WATCH, past=past or [], at=_AT)[0]]


def test_three_days_beyond_the_line_fire_though_none_does_alone() -> None:
    days = _days(_BAD, _BAD, _BAD)
    assert all((one.high or 1) < 0.9 for one in days)

    assert [_states([one]) for one in days] == [[UNKNOWN]] * 3
    assert _states(days) == [UNKNOWN, UNKNOWN, CROSSED]


def test_the_reason_names_the_three_days() -> None:
    *_, last = looks(_days(_BAD, _BAD, _BAD), _WATCH, at=_AT)[0]

    assert last.reason.startswith("3 in a row, each at most 0.8")
    assert all(f"(2026-01-0{day})" in last.reason for day in (1, 2, 3))
    assert last.reason.endswith("below the line 0.9")


def test_two_days_or_three_with_one_between_do_not_fire() -> None:
    assert CROSSED not in _states(_days(_BAD, _BAD))
    assert CROSSED not in _states(_days(_BAD, _BAD, _GOOD, _BAD, _BAD))


def test_a_fourth_day_is_one_of_three_as_well() -> None:
    assert _states(_days(_BAD, _BAD, _BAD, _BAD))[2:] == [CROSSED, CROSSED]


def test_days_are_seen_night_by_night_as_they_are_together() -> None:
    """A look stands: what was seen of a day is kept, and its answers are not looked at again."""
    days, past = _days(_BAD, _BAD, _BAD), list[WatchedLine]()
    for number in range(1, 4):
        past += looks(days[:number], _WATCH, past=past, at=_AT)[1]

    assert [one.state for one in past] == [UNKNOWN, UNKNOWN, CROSSED]
    assert _states(days, past) == [UNKNOWN, UNKNOWN, CROSSED]


def test_a_day_whose_answers_came_late_completes_the_three() -> None:
    first, middle, last = _days(_BAD, _BAD, _BAD)
    open_ = replace(middle, n_asked=1_000)
    soon = datetime(2026, 1, 5, tzinfo=UTC)
    listed, past = looks([first, open_, last], _WATCH, at=soon)

    late, fresh = looks([first, middle, last], _WATCH, past=past, at=_AT)

    assert [one.state for one in listed] == [UNKNOWN] * 3
    assert [(one.window, one.state) for one in fresh] == [("2026-01-02", CROSSED)]
    assert len(late) == 3


def test_a_look_of_an_earlier_release_is_no_day_of_three() -> None:
    days = _days(_BAD, _BAD, _BAD)
    old = [replace(one, bound_in_a_row=None) for one in looks(days[:2], _WATCH, at=_AT)[1]]

    assert _states(days, old) == [UNKNOWN] * 3


def test_days_in_a_row_may_have_days_without_data_between_them() -> None:
    """As a week-end lies between Friday and Monday."""
    days = [alert_days.day(number, _BAD, 100) for number in (0, 1, 4)]

    assert _states(days) == [UNKNOWN, UNKNOWN, CROSSED]


def test_weeks_and_windows_without_a_time_are_never_taken_in_a_row() -> None:
    for names in (("2026-W01", "2026-W02", "2026-W03"), ("a", "b", "c")):
        windows = [
            replace(one, window=name) for one, name in zip(_days(84, 84, 84), names, strict=True)
        ]
        found, _ = looks(windows, _WATCH, at=_AT)
        assert [(one.state, one.bound_in_a_row) for one in found] == [(UNKNOWN, None)] * 3


def test_a_line_above_an_error_fires_after_three_days_too() -> None:
    watch = replace(_WATCH, lines=[rule("mae", above=1.75, period="day")])
    days = [
        replace(one, metric="mae", value=2.0, low=1.8, high=2.3) for one in _days(_BAD, _BAD, _BAD)
    ]

    states = [one.state for one in looks(days, watch, at=_AT)[0]]

    assert states == [UNKNOWN, UNKNOWN, CROSSED]


def test_the_years_of_the_bench_are_judged_as_the_product_judges_days() -> None:
    """Its arrays find what `looks` finds, on days that are often beyond."""
    rights = np.random.default_rng(3).binomial(100, 0.84, (1, 1, 60))

    arrays = alert_days.fired(rights, 100, 1, 0.9)[0, 0].tolist()

    days = _days(*rights[0, 0].tolist())
    assert arrays == [state == CROSSED for state in _states(days)]
    assert 0 < sum(arrays) < 60


def test_few_years_of_days_have_a_false_alarm() -> None:
    for lines in (1, 5):
        found = alert_days.false_years(np.random.default_rng(1), 200, 100, lines, 0.9)
        assert found.mean() <= 0.06
