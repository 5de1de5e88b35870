from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.report.drawing.time_axis import Clock, clock_of, folded

_days = st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True)


def _names(places: list[int]) -> list[str]:
    return [
        (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
        for day in places
    ]


def _clock(*windows: str) -> Clock:
    found = clock_of(windows, "UTC")
    assert found is not None
    return found


@given(_days)
def test_time_runs_from_left_to_right(places: list[int]) -> None:
    """Windows in order, one beside the other, within the picture - folded or not."""
    names = _names(sorted(places))
    for clock in (_clock(*names), folded(_clock(*names), names[::3])):
        found = [clock.place(name) for name in names]
        ends = [end for place in found if place for end in place]
        assert ends == sorted(ends)
        assert ends[0] >= 0
        assert ends[-1] <= 1 + 1e-9
        assert len(clock.ticks()) <= 8


def test_windows_that_are_shown_are_never_folded() -> None:
    names = _names([0, 100, 101, 300])
    clock = folded(_clock(*_names(list(range(400)))), names)

    widths = [end - begin for place in map(clock.place, names) if place for begin, end in [place]]
    assert len(clock.folds) == 3
    assert not any(map(clock.is_folded, names))
    assert widths == pytest.approx([widths[0]] * 4)


def test_a_fold_is_a_little_narrower_than_a_window() -> None:
    names = _names([0, 1, 2, 3, 4, 99])
    clock = folded(_clock(*names), names)

    (fold,) = clock.folds
    day = clock.place(names[0])
    assert day is not None
    assert (clock.at(fold[1]) - clock.at(fold[0])) / (day[1] - day[0]) == pytest.approx(0.6)


def test_folds_leave_most_of_the_width() -> None:
    """However many gaps there are, what is known gets at least 65 % of the picture."""
    names = _names(list(range(0, 400, 20)))
    clock = folded(_clock(*_names(list(range(400)))), names)

    shown = sum(end - begin for place in map(clock.place, names) if place for begin, end in [place])
    assert shown >= 0.65 - 1e-9


def test_nothing_is_folded_where_most_is_shown() -> None:
    names = _names(list(range(100)))

    assert folded(_clock(*names), names[:60]).folds == ()


def test_without_time_there_is_no_clock() -> None:
    assert clock_of(["2026-11-20", "north"], "UTC") is None
    assert clock_of([], "UTC") is None


@pytest.mark.parametrize(
    ("windows", "labels"),
    [
        (["2026-11-20T05", "2026-11-20T20"], ["06:00", "12:00", "18:00"]),
        (["2026-11-20", "2026-11-22"], ["20 Nov", "21 Nov", "22 Nov", "23 Nov"]),
        (["2026-11-20", "2026-12-20"], ["23 Nov", "30 Nov", "7 Dec", "14 Dec", "21 Dec"]),
        (["2026-11-02", "2027-02-20"], ["Dec 2026", "Jan 2027", "Feb"]),
        (["2020-02-01", "2026-02-20"], ["2021", "2022", "2023", "2024", "2025", "2026"]),
    ],
)
def test_ticks_stand_at_round_times(windows: list[str], labels: list[str]) -> None:
    assert [tick.text for tick in _clock(*windows).ticks()] == labels
