"""How far people agree with each other."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.answers.agreement import Agreement, Annotator
from labeling.estimates.amounts import percent
from labeling.report.chart import CountChart, CountRow
from labeling.report.content import ReportData
from labeling.report.figure import Cell, DataTable, Figure, integer, plain, share, text
from labeling.report.wording import count

_MOST_ROWS = 40
_SOME = 5  # answers of one person, from which on the page names them
_TELLING = 10  # questions with several answers, from which on alpha is a finding
_GOOD, _FAIR = 0.8, 0.667  # Krippendorff, Content Analysis (2018), ch. 12


def agreement_figure(data: ReportData) -> Figure | None:
    """Show how many answers each person gave, and how far people agree."""
    of = data.agreement
    if of is None or not of.annotators:
        return None
    people = _named_or_together(of.annotators)
    rows = [_row(one) for one in people[:_MOST_ROWS]]
    most = max(1, *(one.answers for one in people))
    header = ("who", "answers", "skipped", "invalid", "agrees with others", "median seconds")
    return Figure(
        anchor="agreement",
        title="Do people agree?",
        sentence=_sentence(of),
        chart=CountChart(rows, ("who", "answers", "agreement with others"), most),
        funnel=data.funnel(data.of("all")),
        table=DataTable(header, [_cells(one) for one in people]),
        is_half=True,
    )


def _named_or_together(people: Sequence[Annotator]) -> list[Annotator]:
    """Return those with some answers, the most first, and all others as one.

    A few answers of one person say nothing of how good they are.
    """
    named = sorted((one for one in people if one.answers >= _SOME), key=lambda one: -one.answers)
    rest = [one for one in people if one.answers < _SOME]
    if not rest:
        return named
    together = Annotator(
        name=f"{len(rest)} with fewer than {_SOME} answers" + (" each" if len(rest) > 1 else ""),
        answers=sum(one.answers for one in rest),
        skipped=sum(one.skipped for one in rest),
        invalid=sum(one.invalid for one in rest),
        agrees=None,
        seconds=None,
    )
    return [*named[: _MOST_ROWS - 1], together, *named[_MOST_ROWS - 1 :]]


def _row(one: Annotator) -> CountRow:
    agrees = f"agrees in {percent(one.agrees)}" if one.agrees is not None else ""
    counts = (("answered", one.answers),)
    return CountRow(one.name or "(no name)", counts, count(one.answers, "answer"), agrees)


def _cells(one: Annotator) -> list[Cell]:
    counts = (integer(many) for many in (one.answers, one.skipped, one.invalid))
    return [text(one.name or "(no name)"), *counts, share(one.agrees), plain(one.seconds)]


def _sentence(of: Agreement) -> str:
    """Say what Krippendorff's alpha means here."""
    if not of.shared:
        return "No question was answered by several people, so their agreement is unknown. Set labeling.overlap in the job file to learn it."
    shared = f"Of {count(of.shared, 'question')} with several answers, {percent(of.agree or 0.0)} got one answer only."
    if of.shared < _TELLING:
        return f"{shared} These are too few to tell how far people agree beyond chance: {_TELLING} would be enough for a rough figure."
    if of.alpha is None:
        return f"{shared} All answers were the same, so agreement beyond chance cannot be told."
    strength = (
        "good"
        if of.alpha >= _GOOD
        else "fair: take conclusions as tentative"
        if of.alpha >= _FAIR
        else "low: the question may need clearer instructions"
    )
    return (
        f"{shared} Krippendorff’s alpha is {of.alpha:.2f} (1 is perfect, 0 is chance): {strength}."
    )
