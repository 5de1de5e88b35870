from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.answers.agreement import Agreement, Annotator
from labeling.estimates.alerts import Alert
from labeling.estimates.calibration import Answered, Pairs, calibration
from labeling.estimates.confusion import confusion
from labeling.estimates.known_truth import Truth
from labeling.estimates.windows import Period
from labeling.report import Outcomes, Reason, ReportData, render
from pipelines.job.sections import AlertRule as Line
from tests.fixtures.judged import Row, judged
from tests.fixtures.materials import batches, days, estimate, material, unknown, usual
from tests.fixtures.readers import Page

_NASTY = "<script>alert(1)</script>\"'&{{7*7}}`"
_ERRORS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6, "largest": 0.03}


def _page(of: ReportData) -> Page:
    return Page(render(of))


def _figure(anchor: str, of: ReportData) -> Page:
    found = re.search(rf'<figure id="{anchor}".*?</figure>', render(of), re.DOTALL)
    assert found
    return Page(found[0])


def _headline(of: ReportData) -> str:
    found = re.search(r"<h1>(.*?)</h1>", render(of), re.DOTALL)
    assert found
    return Page(found[1]).said


def _rich(text: str = "late") -> ReportData:
    """Everything that a report may show, with a text in every place that a user can fill."""
    other = f"not {text}"
    rows = [Row(text, (text,)), Row(text, (other,)), Row(other, (other,))]
    cohorts = [estimate("all", "all", cohort=f"{text}={value}") for value in ("x", text)]
    classes = [
        estimate("all", "all", metric=metric, class_=text)
        for metric in ("precision", "recall", "f1")
    ]
    return replace(
        usual(),
        job=text,
        file=text,
        question=text,
        note=text,
        estimates=[*usual().estimates, *cohorts, *classes, estimate("batch", text)],
        batches=[*usual().batches, *batches([text])],
        drawn={text: 3},
        reasons=[Reason(text, text, 5)],
        agreement=Agreement(
            3,
            2,
            0.5,
            0.7,
            (Annotator(text, 3, 1, 1, 0.5, 2.0), Annotator(None, 1, 0, 0, None, None)),
        ),
        confusion=confusion(judged({text: rows}).evidence(), (text, other)),
        calibration=calibration(Answered(np.array([0.6, 0.9]), np.array([0.0, 1.0]), np.ones(2))),
        outcomes=Outcomes(12, 0.25),
        alerts=[Alert("accuracy", text, text, "week", "2026-W47", 0.6, 0.7, 0.8, text)],
        lines=[
            Line.model_validate({"metric": "recall", "class": text, "below": 0.8, "cohort": text})
        ],
        stale=2,
    )


def test_the_newest_closed_window_is_told_in_one_sentence() -> None:
    assert _headline(usual()) == (
        "Between 62 % and 71 % of last week’s predictions (16–22 November 2026) were right "
        "(95 % interval), judged from 150 answers."
    )


def test_a_window_that_is_open_waits_until_it_is_over() -> None:
    of = material([estimate(), estimate("week", "2026-W48", value=0.1)])

    assert "16–22 November" in _headline(of)


def test_a_window_that_is_open_is_told_where_there_is_no_other() -> None:
    of = material([estimate("week", "2026-W48")])

    assert "23–29 November 2026, so far," in _headline(of)
    assert "not over yet" in _page(of).said


def test_a_closed_window_without_answers_does_not_hide_an_older_one() -> None:
    weeks = [estimate("week", "2026-W46"), unknown("week", "2026-W47")]
    of = material(weeks, batches=batches(days("2026-11-09", 14)))

    assert "9–15 November" in _headline(of)
    assert "1 week was scored of which nobody has judged a row" in _page(of).said


def test_a_window_that_several_versions_share_is_told_as_a_whole() -> None:
    part = estimate(version="v2", rows=100, value=0.1, low=0.05, high=0.2)

    assert "Between 62 %" in _headline(material([part, estimate(version=None), part]))


def test_missing_answers_lead_where_there_are_many() -> None:
    """Under 95 % answered, what the missing ones could change comes before the interval."""
    one = estimate(n_answered=120, value_if_missing_wrong=0.53, value_if_missing_right=0.73)

    assert _headline(material([one])) == (
        "Between 53 % and 73 % of last week’s predictions (16–22 November 2026) were right, "
        "give or take 4.5 points: 30 of 150 questions have no answer."
    )


def test_few_missing_answers_do_not_lead() -> None:
    one = estimate(n_answered=143, value_if_missing_wrong=0.63, value_if_missing_right=0.69)

    assert "Between 62 % and 71 %" in _headline(material([one]))


def test_a_census_is_no_estimate() -> None:
    page = _page(material([estimate(low=0.6625, high=0.6625, rows_covered=5000)]))

    assert "this is no estimate" in page.said
    assert "interval), judged" not in page.said


def test_a_census_of_some_batches_of_a_window_is_none_of_the_window() -> None:
    page = _page(material([estimate(low=0.6625, high=0.6625, rows_covered=4900)]))

    assert "this is no estimate" not in page.said
    assert "It speaks of 4,900 of the 5,000 predictions" in page.said


def test_without_time_all_batches_are_told_together() -> None:
    of = material(
        [estimate("batch", "north"), estimate("batch", "south"), estimate("all", "all")],
        batches=batches(["north", "south"]),
    )

    assert "all predictions so far" in _headline(of)
    assert "Accuracy by batch" in _page(of).said


def test_numbers_are_told_as_errors() -> None:
    of = material([estimate(**_ERRORS)], task="regression")

    assert _headline(of) == (
        "On average, last week’s predictions (16–22 November 2026) were off by between 1.1 and 1.6 "
        "(95 % interval), judged from 150 answers."
    )


def test_an_error_that_one_answer_decides_is_marked() -> None:
    of = material([estimate(**(_ERRORS | {"largest": 0.23}))], task="regression")

    assert "Unreliable: the largest answer alone is 23 % of the sum." in _page(of).said
    assert "Unreliable" not in _page(material([estimate(**_ERRORS)], task="regression")).said


def test_an_error_without_limits_has_no_interval() -> None:
    of = material(
        [estimate(**(_ERRORS | {"low": None, "high": None, "stderr": None}))], task="regression"
    )

    assert "too few for an interval" in _page(of).said
    assert "None" not in _page(of).said


def test_an_empty_store_says_what_to_do() -> None:
    page = _page(material(batches=()))

    commands = [words.split()[1] for words in page.words if words.endswith("recheck.toml")]
    assert commands == ["score", "sample", "push", "pull", "report", "run"]
    assert "Nobody has been asked yet" in page.said


def test_what_is_done_already_is_told_as_done() -> None:
    page = _page(material(drawn={"2026-11-16": 50}))

    assert page.said.count("✓ done") == 2
    assert "recheck sample recheck.toml" not in page.said


def test_questions_without_any_answer_say_so() -> None:
    page = _page(material([unknown("week", "2026-W47"), unknown("all", "all")], pushed=50))

    assert "Nobody has answered yet" in page.said
    assert page.said.count("✓ done") == 3


def test_every_number_of_an_estimate_is_on_the_page() -> None:
    """The numbers behind a picture are those of `recheck estimate --json`, to the last bit."""
    one = estimate("all", "all", value=0.1 + 0.2, low=1 / 3, stderr=1 / 7)

    figures = _page(material([one, *usual().estimates])).figures

    assert {0.1 + 0.2, 1 / 3, 1 / 7, 5000, 4900, 150} <= set(figures)


@pytest.mark.parametrize("text", [_NASTY, "</svg></table>", "a=b", "", "\u202etxt", "x" * 500])
def test_no_text_of_a_user_becomes_a_tag(text: str) -> None:
    page = _page(_rich(text))

    assert page.of("script") == []
    assert {name for name, _ in page.tags} == {name for name, _ in _page(_rich("late")).tags}


@given(st.text(max_size=20))
@settings(max_examples=25)
def test_whatever_the_texts_every_tag_closes(text: str) -> None:
    assert len(_page(_rich(f"x{text}")).tags) > 100


def test_a_users_text_is_shown_as_it_is() -> None:
    page = _page(_rich(_NASTY))

    assert page.said.count(_NASTY) > 10
    assert "49" not in page.said.replace(_NASTY, "").split()


def test_the_page_needs_nothing_else() -> None:
    """No script, no picture, no style and no font from elsewhere; the browser is told to refuse them."""
    text = render(_rich())
    page = Page(text)

    assert not {"script", "link", "img", "iframe", "object", "embed"} & {
        name for name, _ in page.tags
    }
    assert re.findall(r"url\((?!#)|@import|https?:|src=| on\w+=", text) == []
    assert "default-src 'none'" in str(page.of("meta"))


def test_the_same_figures_give_the_same_bytes() -> None:
    of = _rich()
    shuffled = [
        of.estimates[place] for place in np.random.default_rng(4).permutation(len(of.estimates))
    ]

    assert render(replace(of, estimates=shuffled)) == render(of) == render(_rich())


def test_every_picture_has_words_and_a_table() -> None:
    """Who cannot see a picture reads its name and its numbers."""
    page = _page(_rich())

    pictures = [one for one in page.of("svg") if "width" in one and one["width"] == "100%"]
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in pictures)
    assert len(page.of("figure")) == len(page.of("details")) == 11
    assert page.marks("funnel") == page.marks("funnel")[:1] * len(page.of("figure"))


def known(period: Period, window: str, value: float) -> Truth:
    return Truth(metric="accuracy", period=period, window=window, value=value)


def test_nothing_is_told_by_colour_alone() -> None:
    """What a mark means stands in a legend beside its shape."""
    truths = [known("week", "2026-W47", 0.7)]
    said = _page(_rich()).said + _page(usual(truths=truths)).said

    for words in (
        "estimate",
        "interval",
        "known truth",
        "quarantined",
        "answered",
        "nobody asked",
    ):
        assert words in said


def test_links_within_the_page_lead_somewhere() -> None:
    page = _page(_rich())

    places = [one["id"] for _, one in page.tags if "id" in one]
    assert {str(one["href"])[1:] for one in page.of("a")} <= set(places)
    assert len(set(places)) == len(places)


def test_the_note_stands_above_all() -> None:
    text = render(usual(note="Answers are simulated."))

    assert text.index("Answers are simulated.") < text.index("<h1>")


def test_the_truth_stands_beside_each_interval() -> None:
    truths = [
        known("week", "2026-W47", 0.7),
        known("batch", "2026-11-17", 0.71),
        known("day", "nowhere", 0.9),
    ]

    page = _page(usual(truths=truths))

    assert len(page.marks("truth-level")) == 2  # of the week, and in the legend
    assert {0.7, 0.71} <= set(page.figures)
    assert 0.9 not in page.figures


def test_an_alert_is_told_at_the_top_with_its_line() -> None:
    line = Line(metric="accuracy", below=0.8)
    fired = Alert("accuracy", None, None, "week", "2026-W47", 0.66, 0.72, 0.8, "accuracy fell")

    text = render(usual(alerts=[fired], lines=[line]))

    assert text.index("accuracy fell") < text.index('id="time"')
    assert len(Page(text).marks("limit")) >= 3


def test_a_line_that_holds_is_told() -> None:
    said = _page(usual(lines=[Line(metric="accuracy", below=0.5)])).said

    assert "Watched, and not crossed: accuracy below 0.5 in a week." in said


def test_an_unknown_window_leaves_a_gap() -> None:
    """No dot, no whisker, no band: only the box that says that people were asked."""
    week = days("2026-11-16", 7)
    found = [estimate("batch", day) for day in week[:3]] + [
        unknown("batch", day) for day in week[3:]
    ]

    page = _figure("time", material([*found, unknown("week", "2026-W47")]))

    assert len(page.marks("whisker")) == 3
    assert len(page.marks("asked")) == 4 + 1  # and in the legend
    assert len(page.marks("answered")) == 3 + 1


def test_what_nobody_asked_about_is_seen() -> None:
    page = _page(usual(batches=batches(days("2026-11-09", 14))))

    assert len(page.marks("unasked")) == 7 + 1


def test_long_stretches_without_questions_are_drawn_narrow() -> None:
    many = days("2026-01-01", 320)

    page = _page(usual(batches=batches(many)))

    assert len(page.marks("fold")) == 1
    assert "45 weeks not asked" in page.said


def test_hundreds_of_batches_stay_readable() -> None:
    """Beyond a year of them, weeks take the place of batches."""
    many = days("2024-01-01", 900)
    found = [estimate("batch", day) for day in many]
    weeks = sorted({f"2024-W{week:02d}" for week in range(1, 53)})

    page = _page(
        material([*found, *(estimate("week", week) for week in weeks)], batches=batches(many))
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


def test_many_cohorts_are_told_in_the_table() -> None:
    found = [estimate("all", "all", cohort=f"shop={place}", rows=place + 1) for place in range(100)]

    page = _page(material([*found, *usual().estimates]))

    assert "shop: the 40 largest of 100 values are drawn" in page.said
    assert {float(place + 1) for place in range(100)} <= set(page.figures)


def test_cohorts_stand_in_the_order_that_people_count_in() -> None:
    names = ["below 500", "500 to 1000", "1000 to 2000", "2000 and over"]
    found = [estimate("all", "all", cohort=f"distance={name}") for name in reversed(names)]

    said = _page(material([*found, *usual().estimates])).said

    places = [said.index(name) for name in names]
    assert places == sorted(places)


def test_rows_seen_in_training_are_told() -> None:
    every = [*usual().estimates, estimate("all", "all", cohort="seen_in_training=true")]

    assert "Every row that people judged was seen in training" in _page(material(every)).said


def test_versions_stand_beside_each_other() -> None:
    whole = estimate("all", "all", version=None)
    parts = [estimate("all", "all", version=version, rows=100) for version in ("v1", "v2")]

    said = _page(material([whole, *parts, *usual().estimates[:-1]])).said

    assert "model version" in said


def test_outcomes_have_no_interval() -> None:
    of = usual(outcomes=Outcomes(12, 0.25))

    said = _page(of).said

    assert "12 answers came by themselves" in said
    assert "25 % of those predictions were right" in said
    assert _page(of).figures == _page(usual()).figures


def test_the_matrix_frames_what_is_right() -> None:
    page = _page(_rich())

    assert len(page.marks("right")) == 2
    assert "The most frequent error: predicted “late” where people said “not late”" in page.said


def test_scores_that_promise_too_much_are_named() -> None:
    sure = Answered(np.full(100, 0.95), np.tile([0.0, 1.0], 50), np.ones(100))

    said = _page(usual(calibration=calibration(sure))).said

    assert "surer than it should be" in said


def test_numbers_are_drawn_against_numbers() -> None:
    of = material(
        [estimate(**_ERRORS)],
        task="regression",
        pairs=Pairs(np.array([1.0, 2.0]), np.array([2.0, 2.5])),
    )

    page = _page(of)

    assert len(page.marks("pair")) == 2
    assert "0.75 too low on average" in page.said


def test_more_answers_make_the_interval_shorter() -> None:
    rows = re.findall(r"± ([\d.]+) points</td>", render(usual()).replace("\u00a0", " "))

    halves = [float(one) for one in rows]
    assert len(halves) > 3
    assert halves == sorted(halves, reverse=True)


def test_the_way_of_the_rows_stands_under_each_figure() -> None:
    said = _page(usual()).said

    assert (
        "7,000 source rows 6,930 scored in 7 batches 4,900 covered in 7 batches 150 asked 150 answered"
        in said
    )


def test_nothing_is_said_that_is_no_number() -> None:
    """No NaN, no None and no Undefined reaches a reader."""
    text = render(_rich()) + render(material([unknown("week", "2026-W47")])) + render(material())

    assert re.findall(r"\b(nan|NaN|None|Undefined|inf)\b", text) == []


def test_agreement_is_put_into_words() -> None:
    def said(alpha: float | None) -> str:
        of = Agreement(10, 5, 0.8, alpha, (Annotator("Ana", 10, 0, 0, 0.8, 4.0),))
        return _page(usual(agreement=of)).said

    assert "good" in said(0.85)
    assert "tentative" in said(0.7)
    assert "clearer instructions" in said(0.2)
    assert "cannot be told" in said(None)


def test_people_with_few_answers_are_told_together() -> None:
    """Neither the picture nor the table names them, or says how one of them did."""
    few = [Annotator(name, 4, 1, 0, 0.25, 9.0) for name in ("ann", "ben")]
    of = Agreement(20, 8, 0.9, 0.8, (*few, Annotator("eve", 5, 0, 0, 0.75, 7.0)))

    said = _page(usual(agreement=of)).said

    assert "2 with fewer than 5 answers each" in said
    assert "8 answers" in said
    assert "eve" in said
    assert not any(word in said for word in ("ann ", "ben ", "25 %", "25\xa0%"))


def test_agreement_that_nobody_can_know_is_not_claimed() -> None:
    of = Agreement(10, 0, None, None, (Annotator("Ana", 10, 0, 0, None, None),))

    assert "their agreement is unknown" in _page(usual(agreement=of)).said


def test_both_sizes_of_errors_are_told_and_the_unreliable_one_is_marked() -> None:
    mae, rmse = (
        _ERRORS | {"metric": metric, "largest": part}
        for metric, part in (("mae", 0.02), ("rmse", 0.3))
    )
    errors = [estimate(**of) for of in (mae, rmse)] + [
        estimate("all", "all", **of) for of in (mae, rmse)
    ]

    said = _page(material(errors, task="regression")).said

    assert (
        "Unreliable: root mean square error of all batches. One answer makes 30 % of its sum"
        in said
    )
    assert "Unreliable: mean absolute error" not in said


def test_a_value_beyond_the_picture_is_told() -> None:
    """One wild day must not flatten all others."""
    week = days("2026-11-16", 7)
    daily = [
        estimate("batch", day, **(_ERRORS | {"value": 90.0 if day == week[3] else 1.3}))
        for day in week
    ]

    assert (
        "1 value beyond the upper edge"
        in _page(material([*daily, estimate(**_ERRORS)], task="regression")).said
    )
