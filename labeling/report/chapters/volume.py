"""What was done: rows scored and refused, questions asked and answered, and how far people agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from labeling.answers.agreement import Agreement, Annotator
from labeling.estimates.windows import Period, windows
from labeling.report.chapters.figure import (
    Cell,
    Figure,
    Row,
    Strips,
    Table,
    integer,
    plain,
    share,
    text,
)
from labeling.report.chapters.over_time import clock
from labeling.report.content import ERRORS, Batch, ReportData
from labeling.report.drawing.charts import Bar, bar_strip, bars
from labeling.report.drawing.svg import Scale
from labeling.report.wording import count, dates, number, percent

Stacks = Mapping[
    str, tuple[tuple[str, int], ...]
]  # batch -> (class name of the mark, rows), the lowest first

_MOST_BARS = 400
_MOST_ROWS = 40
_SOME = 5  # answers of one person, from which on the page names them
_GOOD, _FAIR = 0.8, 0.667  # Krippendorff, Content Analysis (2018), ch. 12


def volume_figure(data: ReportData) -> Figure | None:
    """Draw how many rows each batch had, and how many of them could not be scored."""
    if not data.batches:
        return None
    refused = sum(batch.quarantined for batch in data.batches)
    scored = sum(batch.scored for batch in data.batches)
    sentence = f"{count(scored, 'row')} scored in {count(len(data.batches), 'batch', 'batches')}, {refused:,} quarantined."
    stacks = {
        one.name: (("scored", one.scored), ("refused", one.quarantined)) for one in data.batches
    }
    picture, strips = _stacked(data, stacks, f"Rows per batch. {sentence}")
    rows = [_batch_cells(one) for one in data.batches]
    return Figure(
        anchor="volume",
        title="Rows per batch",
        sentence=sentence,
        picture=picture,
        strips=strips,
        legend=[("scored", "scored"), *([("refused", "quarantined")] if refused else [])],
        funnel=data.funnel(data.of("all")),
        table=Table(("batch", "source rows", "scored", "quarantined", "version"), rows),
        is_half=True,
    )


def _batch_cells(one: Batch) -> list[Cell]:
    counts = (integer(rows) for rows in (one.source, one.scored, one.quarantined))
    return [text(one.name), *counts, text(one.version)]


def _stacked(data: ReportData, stacks: Stacks, alt: str) -> tuple[Markup | None, Strips | None]:
    """Draw counts by time; one batch below the other where their names are no times."""
    when = clock(data)
    if when is None:
        return None, _listed(stacks)
    period, summed = _summed(stacks)
    found = [
        Bar(place, parts, _bar_words(window, parts, data.timezone))
        for window, parts in sorted(summed.items())
        if (place := when.place(window))
    ]
    return bars(found, when, number, alt=f"{alt} One bar is one {period}."), None


def _summed(stacks: Stacks) -> tuple[Period, Stacks]:
    """Add batches up to windows that are few enough to draw."""
    order: tuple[Period, ...] = ("batch", "day", "week", "month")
    for period in order:
        found: dict[str, dict[str, int]] = {}
        for batch, parts in stacks.items():
            window = found.setdefault(windows(batch).get(period, batch), {})
            for kind, rows in parts:
                window[kind] = window.get(kind, 0) + rows
        if len(found) <= _MOST_BARS or period == order[-1]:
            break
    return period, {window: tuple(parts.items()) for window, parts in found.items()}


def _bar_words(window: str, parts: tuple[tuple[str, int], ...], timezone: str) -> str:
    names = {
        "scored": "scored",
        "refused": "quarantined",
        "answered": "answered",
        "open": "without an answer",
    }
    counts = ", ".join(f"{rows:,} {names[kind]}" for kind, rows in parts)
    return f"{dates(window, timezone)}: {counts}"


def _listed(stacks: Stacks) -> Strips:
    scale = Scale(
        0, max((sum(rows for _, rows in parts) for parts in stacks.values()), default=0) or 1
    )
    rows = [
        Row(batch, bar_strip(parts, scale), f"{sum(rows for _, rows in parts):,}", "")
        for batch, parts in sorted(stacks.items())[-_MOST_ROWS:]
    ]
    return Strips(None, [("", rows)], ("batch", "rows", ""))


def quarantine_figure(data: ReportData) -> Figure | None:
    """Draw why rows could not be scored."""
    if not data.reasons:
        return None
    found = sorted(data.reasons, key=lambda one: (-one.rows, one.reason, one.column or ""))
    total, source = sum(one.rows for one in found), sum(batch.source for batch in data.batches)
    scale = Scale(0, found[0].rows)
    rows = [
        Row(
            f"{one.reason} · {one.column}" if one.column else one.reason,
            bar_strip((("refused", one.rows),), scale),
            f"{one.rows:,}",
            "",
        )
        for one in found[:_MOST_ROWS]
    ]
    part = f", {percent(total / source, 1)} of all" if source else ""
    return Figure(
        anchor="quarantine",
        title="Why rows could not be scored",
        sentence=f"{count(total, 'row')}{part}. They are in no figure above: an accuracy speaks of rows that were scored.",
        strips=Strips(None, [("", rows)], ("reason", "rows", "")),
        funnel=data.funnel(data.of("all")),
        table=Table(
            ("reason", "column", "rows"),
            [(text(one.reason), text(one.column), integer(one.rows)) for one in found],
        ),
        is_half=True,
    )


def asked_figure(data: ReportData) -> Figure | None:
    """Draw how many rows of each batch people were asked about, and how many they answered."""
    if not data.drawn:
        return None
    answered = {one.window: one.n_answered for one in data.of("batch")}
    stacks = {
        batch: (("answered", answered.get(batch, 0)), ("open", rows - answered.get(batch, 0)))
        for batch, rows in data.drawn.items()
    }
    people = data.agreement.annotators if data.agreement else ()
    asked, said = sum(data.drawn.values()), sum(answered.values())
    sentence = f"{count(asked, 'row')} drawn from {count(len(stacks), 'batch', 'batches')}, {said:,} answered."
    picture, strips = _stacked(data, stacks, f"Questions per batch. {sentence}")
    left_out = [
        (sum(one.skipped for one in people), "skipped"),
        (sum(one.invalid for one in people), "outside the answer set"),
        (data.stale, "given to a row that was replaced since"),
    ]
    return Figure(
        anchor="asked",
        title="Questions and answers",
        sentence=sentence,
        picture=picture,
        strips=strips,
        legend=[("answered", "answered"), ("open", "no answer yet")],
        notes=[
            f"Kept, but not counted: {', '.join(f'{rows:,} {why}' for rows, why in left_out if rows)}."
        ]
        if any(rows for rows, _ in left_out)
        else [],
        funnel=data.funnel(data.of("all")),
        table=Table(
            ("batch", "drawn", "answered"),
            [
                (text(batch), integer(rows), integer(answered.get(batch, 0)))
                for batch, rows in sorted(data.drawn.items())
            ],
        ),
        is_half=True,
    )


def agreement_figure(data: ReportData) -> Figure | None:
    """Show how far people agree with each other."""
    of = data.agreement
    if of is None or not of.annotators:
        return None
    people = _named_or_together(of.annotators)
    scale = Scale(0, max(1, *(one.answers for one in people)))
    rows = [
        Row(
            one.name or "(no name)",
            bar_strip((("answered", one.answers),), scale),
            count(one.answers, "answer"),
            _agrees(one),
        )
        for one in people[:_MOST_ROWS]
    ]
    header = ("who", "answers", "skipped", "invalid", "agrees with others", "median seconds")
    return Figure(
        anchor="agreement",
        title="Do people agree?",
        sentence=_agreement(of),
        strips=Strips(None, [("", rows)], ("who", "answers", "agreement with others")),
        funnel=data.funnel(data.of("all")),
        table=Table(header, [_annotator_cells(one) for one in people]),
        is_half=True,
    )


def _named_or_together(people: Sequence[Annotator]) -> list[Annotator]:
    """Those with some answers, the most first; all others as one: few answers judge nobody."""
    known = sorted((one for one in people if one.answers >= _SOME), key=lambda one: -one.answers)
    rest = [one for one in people if one.answers < _SOME]
    if not rest:
        return known
    together = Annotator(
        name=f"{len(rest)} with fewer than {_SOME} answers" + (" each" if len(rest) > 1 else ""),
        answers=sum(one.answers for one in rest),
        skipped=sum(one.skipped for one in rest),
        invalid=sum(one.invalid for one in rest),
        agrees=None,
        seconds=None,
    )
    return [*known[: _MOST_ROWS - 1], together, *known[_MOST_ROWS - 1 :]]


def _agrees(one: Annotator) -> str:
    return f"agrees in {percent(one.agrees)}" if one.agrees is not None else ""


def _annotator_cells(one: Annotator) -> list[Cell]:
    counts = (integer(many) for many in (one.answers, one.skipped, one.invalid))
    return [text(one.name or "(no name)"), *counts, share(one.agrees), plain(one.seconds)]


def _agreement(of: Agreement) -> str:
    """Say what Krippendorff's alpha means here."""
    if not of.shared:
        return "No question was answered by several people, so their agreement is unknown. Set labeling.overlap in the job file to learn it."
    said = f"Of {count(of.shared, 'question')} with several answers, {percent(of.agree or 0.0)} got one answer only."
    if of.alpha is None:
        return f"{said} All answers were the same, so agreement beyond chance cannot be told."
    strength = (
        "good"
        if of.alpha >= _GOOD
        else "fair: take conclusions as tentative"
        if of.alpha >= _FAIR
        else "low: the question may need clearer instructions"
    )
    return f"{said} Krippendorff’s alpha is {of.alpha:.2f} (1 is perfect, 0 is chance): {strength}."


def outcomes_words(data: ReportData) -> str:
    """Say what answers to rows that nobody drew show, and why they do not count."""
    of = data.outcomes
    if of is None or not of.rows:
        return ""
    said = f"{count(of.rows, 'answer')} came by themselves, for rows that nobody drew"
    if of.value is not None:
        is_error = data.task == "regression" or (data.leading or ("",))[0] in ERRORS
        said += (
            f"; the predictions were off by {number(of.value)} on average"
            if is_error
            else f"; {percent(of.value)} of those predictions were right"
        )
    return f"{said}. Which rows get such an answer is not left to chance, so this says nothing of the others: it has no interval and enters no figure above."
