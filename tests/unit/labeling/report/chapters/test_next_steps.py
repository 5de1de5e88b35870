from __future__ import annotations

from labeling.report import ReportData, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import report_data, unknown


def _page(of: ReportData) -> Page:
    return Page(render(of))


def test_an_empty_store_says_what_to_do() -> None:
    page = _page(report_data(batches=()))

    commands = [words.split()[1] for words in page.words if words.endswith("recheck.toml")]
    assert commands == ["score", "sample", "push", "pull", "report", "run"]
    assert "Nobody has been asked yet" in page.said


def test_what_is_done_already_is_told_as_done() -> None:
    page = _page(report_data(drawn={"2026-11-16": 50}))

    assert page.said.count("✓ done") == 2
    assert "recheck sample recheck.toml" not in page.said


def test_questions_without_any_answer_say_so() -> None:
    page = _page(report_data([unknown("week", "2026-W47"), unknown("all", "all")], pushed=50))

    assert "Nobody has answered yet" in page.said
    assert page.said.count("✓ done") == 3
