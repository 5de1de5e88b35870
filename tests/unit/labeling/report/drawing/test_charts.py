from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labeling.estimates.windows import span
from labeling.report.drawing.charts import (
    Axis,
    Bar,
    IntervalMark,
    Lines,
    WindowMark,
    bar_strip,
    bars,
    over_time,
    scatter,
    strip,
)
from labeling.report.drawing.svg import Scale, around, tag
from labeling.report.drawing.time_axis import Clock, clock_of, folded
from labeling.report.wording import dates, percent
from tests.fixtures.readers import Page

_finite = st.floats(-1e6, 1e6)
_days = st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True)
_whole = Scale(0, 1)
_axis = Axis(_whole, percent)


def _names(places: list[int]) -> list[str]:
    return [
        (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
        for day in places
    ]


def _clock(*windows: str) -> Clock:
    found = clock_of(windows, "UTC")
    assert found is not None
    return found


@given(_finite, st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_few_round_and_inside(low: float, length: float, most: int) -> None:
    scale = Scale(low, low + length)

    ticks = scale.ticks(most)

    assert len(ticks) <= most + 1
    assert all(low - length * 1e-6 <= tick <= low + length * (1 + 1e-6) for tick in ticks)


@given(st.lists(st.floats(0, 1), min_size=1))
def test_a_scale_holds_what_it_must(values: list[float]) -> None:
    scale = around([*values, None], floor=0, ceiling=1, least=0.2)

    assert 0 <= scale.low <= min(values)
    assert max(values) <= scale.high <= 1
    assert scale.high - scale.low >= 0.2 - 1e-9


def test_a_scale_of_nothing_is_whole() -> None:
    assert around([None], floor=0, ceiling=1, least=0.2) == Scale(0, 1)
    assert around([], floor=0, ceiling=float("inf"), least=0.2) == Scale(0, 1)


@given(st.dictionaries(st.sampled_from(["class", "x", "aria-label"]), st.text()), st.text())
@example({"class": '"><b>'}, "</text><script>")
def test_an_element_holds_any_text(attributes: dict[str, str], text: str) -> None:
    page = Page(tag("text", attributes, text))

    (found,) = page.of("text")
    assert found.keys() == attributes.keys()
    assert {name for name, _ in page.tags} == {"text"}


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


def test_a_day_begins_at_midnight_where_the_job_is() -> None:
    """When clocks change, a day is an hour shorter or longer, and still a day."""
    found = span("2026-03-29", "Europe/Berlin")

    assert found is not None
    assert (found[1].astimezone(UTC) - found[0].astimezone(UTC)) == timedelta(hours=23)


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ("2026-W01", "29 December 2025 – 4 January 2026"),
        ("2026-W14", "30 March – 5 April 2026"),
        ("2026-02", "February 2026"),
        ("2026-11-20T23", "20 November 2026, 23–24 h"),
        ("all", "all batches"),
    ],
)
def test_windows_read_as_people_write_dates(window: str, text: str) -> None:
    assert dates(window, "UTC").replace("\u00a0", " ") == text


def test_a_strip_draws_what_is_known_and_nothing_else() -> None:
    page = Page(strip(IntervalMark(0.5, 0.4, 0.6, 0.3, 0.7, 0.45), _whole, Lines(0.5, 0.8)))

    assert [one["cx"] for one in page.marks("value")] == ["50%"]
    assert [(one["x1"], one["x2"]) for one in page.marks("interval")] == [("40%", "60%")]
    assert [(one["x1"], one["x2"]) for one in page.marks("missing")] == [("30%", "70%")]
    assert [one["x1"] for one in page.marks("limit")] == ["80%"]
    assert not {"value", "interval", "missing", "truth"} & {
        str(one.get("class")) for _, one in Page(strip(IntervalMark(None), _whole)).tags
    }


def test_higher_values_are_drawn_higher() -> None:
    marks = [
        WindowMark((0.0, 0.5), IntervalMark(0.25, 0.2, 0.3), "low"),
        WindowMark((0.5, 1.0), IntervalMark(0.75, 0.7, 0.8), "high"),
    ]

    page = Page(over_time(marks, [], _axis, _clock("2026-11-20"), Lines(), alt="two"))

    assert [(one["cx"], one["cy"]) for one in page.marks("value")] == [
        ("25%", "75%"),
        ("75%", "25%"),
    ]


def test_a_band_spans_its_window_and_interval() -> None:
    mark = WindowMark((0.25, 0.5), IntervalMark(0.5, 0.4, 0.8, truth=0.6), "one")

    page = Page(over_time([], [mark], _axis, _clock("2026-11-20"), Lines(), alt="one"))

    (band,) = page.marks("band")
    assert [band[name] for name in ("x", "y", "width", "height")] == ["25%", "20%", "25%", "40%"]
    assert len(page.marks("level")) == len(page.marks("truth-level")) == 1


def test_bars_stack() -> None:
    bar = Bar((0.0, 1.0), (("scored", 75), ("refused", 25)), "a day")

    page = Page(bars([bar], _clock("2026-11-20"), percent, alt="a day"))

    (scored,), (refused,) = page.marks("scored"), page.marks("refused")
    assert (scored["y"], scored["height"]) == ("25%", "75%")
    assert (refused["y"], refused["height"]) == ("0%", "25%")


def test_bars_of_nothing_are_drawn_without_a_fault() -> None:
    page = Page(
        bars([Bar((0.0, 1.0), (("scored", 0),), "")], _clock("2026-11-20"), percent, alt="")
    )

    assert page.marks("scored") == []


def test_parts_of_a_strip_lie_side_by_side() -> None:
    page = Page(bar_strip([("answered", 1), ("open", 3)], Scale(0, 4)))

    (answered,), (open_,) = page.marks("answered"), page.marks("open")
    assert (answered["x"], answered["width"]) == ("0%", "25%")
    assert (open_["x"], open_["width"]) == ("25%", "75%")


def test_points_lie_where_their_numbers_say() -> None:
    page = Page(scatter([(0.2, 0.9)], _axis, "one"))

    (point,) = page.marks("pair")
    assert (point["cx"], point["cy"]) == ("20%", "10%")


@given(st.floats(0, 1))
def test_what_is_not_all_is_never_called_all(share: float) -> None:
    """99.96 % rounds to 100 % only in careless reports."""
    text = percent(share)

    assert (text == "100\u00a0%") == (share > 0.9999995)
