from __future__ import annotations

from labeling.answers.agreement import Agreement, Annotator
from labeling.report import ReportData, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import usual


def _page(of: ReportData) -> Page:
    return Page(render(of))


def test_agreement_is_put_into_words() -> None:
    def said(alpha: float | None) -> str:
        of = Agreement(90, 50, 0.8, alpha, (Annotator("Ana", 10, 0, 0, 0.8, 4.0),))
        return _page(usual(agreement=of)).said

    assert "good" in said(0.85)
    assert "tentative" in said(0.7)
    assert "clearer instructions" in said(0.2)
    assert "cannot be told" in said(None)


def test_alpha_of_a_few_questions_is_no_finding() -> None:
    """Of one question it is 1 or below 0, and says nothing of the next."""
    of = Agreement(10, 1, 1.0, 1.0, (Annotator("Ana", 10, 0, 0, 1.0, 4.0),))

    said = _page(usual(agreement=of)).said

    assert "too few to tell" in said
    assert "alpha is" not in said


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
