"""The headline, and the sentences beside it, as the page has them."""

from __future__ import annotations

import re
from typing import Any

from labeling.answers.agreement import Agreement
from labeling.report import ReportData, render
from labeling.report.chapters.estimate_rows import mark_of
from tests.fixtures.readers import Page
from tests.fixtures.report_data import batches, days, estimate, report_data, unknown, usual

_ERRORS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6, "largest": 0.03}


def _page(of: ReportData) -> Page:
    return Page(render(of))


def _headline(of: ReportData) -> str:
    found = re.search(r"<h1>(.*?)</h1>", render(of), re.DOTALL)
    assert found
    return Page(found[1]).said


def test_the_newest_closed_window_is_told_in_one_sentence() -> None:
    assert _headline(usual()) == (
        "Between 62 % and 71 % of last week’s predictions (16–22 November 2026) were right "
        "(95 % interval), judged from 150 answers."
    )


def test_a_window_that_is_open_waits_until_it_is_over() -> None:
    of = report_data([estimate(), estimate("week", "2026-W48", value=0.1)])

    assert "16–22 November" in _headline(of)


def test_a_window_that_is_open_is_told_where_there_is_no_other() -> None:
    of = report_data([estimate("week", "2026-W48")])

    assert "23–29 November 2026, so far," in _headline(of)
    assert "not over yet" in _page(of).said


def test_a_closed_window_without_answers_does_not_hide_an_older_one() -> None:
    weeks = [estimate("week", "2026-W46"), unknown("week", "2026-W47")]
    of = report_data(weeks, batches=batches(days("2026-11-09", 14)))

    assert "9–15 November" in _headline(of)
    assert "1 week was scored of which nobody has judged a row" in _page(of).said


def test_a_window_that_several_versions_share_is_told_as_a_whole() -> None:
    part = estimate(version="v2", rows=100, value=0.1, low=0.05, high=0.2)

    assert "Between 62 %" in _headline(report_data([part, estimate(version=None), part]))


def test_missing_answers_lead_where_there_are_many() -> None:
    """What they could change, with half the interval's length on either side."""
    one = estimate(n_answered=120, value_if_missing_wrong=0.53, value_if_missing_right=0.73)

    assert _headline(report_data([one])) == (
        "Between 48 % and 77 % of last week’s predictions (16–22 November 2026) were right: "
        "30 of 150 questions have no answer."
    )


def test_the_range_that_leads_is_the_one_that_is_drawn() -> None:
    one = estimate(n_answered=120, value_if_missing_wrong=0.53, value_if_missing_right=0.73)
    of = report_data([one])

    mark = mark_of(one, of)

    drawn = [f"{end:.0%}".replace("%", " %") for end in (mark.worst or 0, mark.best or 0)]
    assert all(end in _headline(of) for end in drawn)


def test_of_errors_the_worst_end_that_is_drawn_is_the_larger() -> None:
    one = estimate(**_ERRORS | {"value_if_missing_wrong": 2.9, "value_if_missing_right": 0.9})

    mark = mark_of(one, report_data([one]))

    assert (mark.worst or 0) > 2.9
    assert (mark.best or 9) < 0.9


def test_a_class_is_told_by_what_the_predictions_said() -> None:
    one = estimate(metric="precision", class_="late")

    assert "predictions (16–22 November 2026) said “late”" in _headline(report_data([one]))


def test_few_missing_answers_do_not_lead() -> None:
    one = estimate(n_answered=149, value_if_missing_wrong=0.655, value_if_missing_right=0.675)

    assert "Between 62 % and 71 %" in _headline(report_data([one]))


def test_a_census_is_no_estimate() -> None:
    page = _page(report_data([estimate(low=0.6625, high=0.6625, rows_covered=5000)]))

    assert "this is no estimate" in page.said
    assert "interval), judged" not in page.said


def test_a_census_of_some_batches_of_a_window_is_none_of_the_window() -> None:
    page = _page(report_data([estimate(low=0.6625, high=0.6625, rows_covered=4900)]))

    assert "this is no estimate" not in page.said
    assert "It speaks of 4,900 of the 5,000 predictions" in page.said


def test_without_time_all_batches_are_told_together() -> None:
    of = report_data(
        [estimate("batch", "north"), estimate("batch", "south"), estimate("all", "all")],
        batches=batches(["north", "south"]),
    )

    assert "all predictions so far" in _headline(of)
    assert "Accuracy by batch" in _page(of).said


def test_numbers_are_told_as_errors() -> None:
    of = report_data([estimate(**_ERRORS)], task="regression")

    assert _headline(of) == (
        "On average, last week’s predictions (16–22 November 2026) were off by between 1.1 and 1.6 "
        "(95 % interval), judged from 150 answers."
    )


def test_an_error_whose_tail_was_missed_is_marked() -> None:
    of = report_data([estimate(**(_ERRORS | {"reliable": False}))], task="regression")

    assert "Unreliable: a few large errors decide this figure" in _page(of).said
    assert "Unreliable" not in _page(report_data([estimate(**_ERRORS)], task="regression")).said


def test_an_error_without_limits_has_no_interval() -> None:
    of = report_data(
        [estimate(**(_ERRORS | {"low": None, "high": None, "stderr": None}))], task="regression"
    )

    assert "too few for an interval" in _page(of).said
    assert "None" not in _page(of).said


def test_a_recall_without_a_point_is_told_by_what_it_is_at_least() -> None:
    of = estimate(
        metric="recall", class_="late", value=None, low=0.31, high=1.0, value_if_missing_wrong=None
    )

    said = _page(report_data([of])).said

    assert "At least 31 % of what people call “late” was found in last week’s predictions" in said
    assert "Too few rows of the class were found for a single figure" in said
    assert "None" not in said


def test_a_recall_that_is_bounded_on_both_sides_is_told_by_both() -> None:
    of = estimate(metric="recall", class_="late", value=None, low=0.31, high=0.84)

    assert (
        "Between 31 % and 84 % of what people call “late” was found"
        in _page(report_data([of])).said
    )


def test_a_window_that_was_drawn_from_again_says_what_that_does_to_its_interval() -> None:
    said = _page(usual(topped_up=["2026-11-18"])).said
    other = _page(usual(topped_up=["2026-11-02"])).said

    assert "More rows of 2026-11-18 were drawn after answers had come in." in said
    assert "79 to 85 times in 100" in said
    assert "More rows of" not in other


def test_a_draw_that_asks_more_about_a_class_is_told_on_its_window_alone() -> None:
    said = _page(usual(asked_classes={"2026-11-18": "fraud"})).said
    other = _page(usual(asked_classes={"2026-11-02": "fraud"})).said

    assert "The draw asks more about rows that may be “fraud”" in said
    assert "asks more" not in other


def test_whose_word_is_right_is_told_with_how_often_people_differ() -> None:
    some = Agreement(40, 25, 0.88, 0.7, ())

    said = _page(usual(agreement=some)).said

    assert "Right is what these people say: of 25 questions that several answered, 12 % got" in said
    assert "Right is what" not in _page(usual()).said


def test_the_page_never_calls_answers_the_truth() -> None:
    assert "truth" not in _page(usual()).said.lower()


def test_the_newest_day_that_is_over_stands_beside_the_week() -> None:
    """A day that is still open, or that nobody has judged, is left out."""
    told = days("2026-11-23", 3)
    yesterday = estimate("day", told[1], value=0.5, low=0.42, high=0.58, n_answered=40)
    today = estimate("day", told[2], value=0.9, low=0.8, high=0.95)
    silent = unknown("day", told[1])

    both = _headline(report_data([estimate(), yesterday, today]))
    without = _headline(report_data([estimate(), silent, today]))

    assert both.endswith(
        "judged from 150 answers; for yesterday’s predictions (24 November 2026), between 42 % and 58 % from 40 answers."
    )
    assert without.endswith("judged from 150 answers.")


def test_a_day_with_many_missing_answers_has_the_range_that_they_leave() -> None:
    day = estimate(
        "day", "2026-11-24", n_asked=60, n_answered=40,
        value_if_missing_wrong=0.4, value_if_missing_right=0.8,
    )  # fmt: skip

    assert _headline(report_data([estimate(), day])).endswith("from 40 answers to 60 questions.")
