from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.answers.agreement import Agreement, Annotator
from labeling.estimates.alerts import State, WatchedLine
from labeling.estimates.calibration import Answered, calibration
from labeling.estimates.confusion import confusion
from labeling.estimates.known_truth import Truth
from labeling.estimates.windows import Period
from labeling.report import Outcomes, Reason, ReportData, record, render
from pipelines.job.sections import AlertRule as Line
from tests.fixtures.judged import Row, judged
from tests.fixtures.readers import Page, page_of
from tests.fixtures.report_data import batches, estimate, report_data, unknown, usual

_NASTY = "<script>alert(1)</script>\"'&{{7*7}}`"
_ERRORS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6, "largest": 0.03}


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
        alerts=[_alert(state, class_=text, cohort=text, reason=text) for state in _STATES],
        lines=[
            Line.model_validate({"metric": "recall", "class": text, "below": 0.8, "cohort": text})
        ],
        stale=2,
        more=[(0, 0.045), (25, 0.04), (50, 0.036)],
    )


_STATES: tuple[State, ...] = ("crossed", "clear", "unknown")


def _alert(state: State, **more: Any) -> WatchedLine:
    line: dict[str, Any] = {"metric": "accuracy", "class_": None, "cohort": None, "period": "week"}
    line |= {"window": "2026-W47", "side": "below", "limit": 0.8, "value": 0.66, "bound": 0.72}
    return WatchedLine(**(line | {"state": state, "reason": "why"} | more))


def test_every_number_of_an_estimate_is_on_the_page() -> None:
    """The numbers behind a picture are those of `recheck estimate --json`, to the last bit."""
    one = estimate("all", "all", value=0.1 + 0.2, low=1 / 3, stderr=1 / 7)

    figures = page_of(report_data([one, *usual().estimates])).figures

    assert {0.1 + 0.2, 1 / 3, 1 / 7, 5000, 4900, 150} <= set(figures)


@pytest.mark.parametrize("text", [_NASTY, "</svg></table>", "a=b", "", "\u202etxt", "x" * 500])
def test_no_text_of_a_user_becomes_a_tag(text: str) -> None:
    page = page_of(_rich(text))

    assert page.of("script") == []
    assert {name for name, _ in page.tags} == {name for name, _ in page_of(_rich("late")).tags}


@given(st.text(max_size=20))
@settings(max_examples=25)
def test_whatever_the_texts_every_tag_closes(text: str) -> None:
    assert len(page_of(_rich(f"x{text}")).tags) > 100


def test_a_users_text_is_shown_as_it_is() -> None:
    page = page_of(_rich(_NASTY))

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
    page = page_of(_rich())

    pictures = [one for one in page.of("svg") if "width" in one and one["width"] == "100%"]
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in pictures)
    assert len(page.of("figure")) == len(page.of("details")) == 11
    assert page.marks("funnel") == page.marks("funnel")[:1] * len(page.of("figure"))


def known(period: Period, window: str, value: float) -> Truth:
    return Truth(metric="accuracy", period=period, window=window, value=value)


def test_nothing_is_told_by_colour_alone() -> None:
    """What a mark means stands in a legend beside its shape."""
    truths = [known("week", "2026-W47", 0.7)]
    said = page_of(_rich()).said + page_of(usual(truths=truths)).said

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
    page = page_of(_rich())

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

    page = page_of(usual(truths=truths))

    assert len(page.marks("truth-level")) == 2  # of the week, and in the legend
    assert {0.7, 0.71} <= set(page.figures)
    assert 0.9 not in page.figures


def test_an_alert_is_told_at_the_top_with_its_line() -> None:
    line = Line(metric="accuracy", below=0.8)
    fired = _alert("crossed", reason="accuracy fell")

    text = render(usual(alerts=[fired], lines=[line]))

    assert text.index("accuracy fell") < text.index('id="time"')
    assert len(Page(text).marks("limit")) >= 3


def test_lines_that_are_not_crossed_are_told_with_their_state_and_reason() -> None:
    clear, unknown = _alert("clear", reason="at least 0.9"), _alert("unknown", reason="too few")

    said = page_of(usual(alerts=[clear, unknown])).said

    line = "accuracy below 0.8 in week 2026-W47"
    assert f"Watched, and surely not crossed: {line}: at least 0.9." in said
    assert f"Watched, and it cannot be told whether it is crossed: {line}: too few." in said
    assert "Alert:" not in said


def test_data_that_did_not_come_are_an_alert_on_the_page() -> None:
    of = usual(missing=["no data of day 2026-11-24"])

    assert "Alert: no data of day 2026-11-24" in page_of(of).said
    assert record(of)["missing_data"] == ["no data of day 2026-11-24"]


def test_the_matrix_frames_what_is_right() -> None:
    page = page_of(_rich())

    assert len(page.marks("right")) == 2
    assert "The most frequent error: predicted “late” where people said “not late”" in page.said


def test_the_way_of_the_rows_stands_under_each_figure() -> None:
    said = page_of(usual()).said

    assert (
        "7,000 source rows 6,930 scored in 7 batches 4,900 covered in 7 batches 150 asked 150 answered"
        in said
    )


def test_nothing_is_said_that_is_no_number() -> None:
    """No NaN, no None and no Undefined reaches a reader."""
    text = (
        render(_rich()) + render(report_data([unknown("week", "2026-W47")])) + render(report_data())
    )

    assert re.findall(r"\b(nan|NaN|None|Undefined|inf)\b", text) == []
