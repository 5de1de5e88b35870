"""Questions asked and answered, and answers that came unasked."""

from __future__ import annotations

from labeling.estimates.amounts import ERRORS, number, percent
from labeling.report.chapters.stacks import stacked
from labeling.report.content import ReportData
from labeling.report.figure import DataTable, Figure, integer, text
from labeling.report.wording import count


def asked_figure(data: ReportData) -> Figure | None:
    """Show how many rows of each batch people were asked about, and how many they answered."""
    if not data.drawn:
        return None
    answered = {one.window: one.n_answered for one in data.of("batch")}
    stacks = {
        batch: (("answered", answered.get(batch, 0)), ("open", rows - answered.get(batch, 0)))
        for batch, rows in data.drawn.items()
    }
    asked, total = sum(data.drawn.values()), sum(answered.values())
    sentence = f"{count(asked, 'row')} drawn from {count(len(stacks), 'batch', 'batches')}, {total:,} answered."
    cells = [
        (text(batch), integer(rows), integer(answered.get(batch, 0)))
        for batch, rows in sorted(data.drawn.items())
    ]
    return Figure(
        anchor="asked",
        title="Questions and answers",
        sentence=sentence,
        chart=stacked(data, stacks, f"Questions per batch. {sentence}"),
        legend=[("answered", "answered"), ("open", "no answer yet")],
        notes=_not_counted(data),
        funnel=data.funnel(data.of("all")),
        table=DataTable(("batch", "drawn", "answered"), cells),
        is_half=True,
    )


def outcomes_words(data: ReportData) -> str:
    """Say what answers to rows that nobody drew show, and why they do not count."""
    of = data.outcomes
    if of is None or not of.rows:
        return ""
    words = f"{count(of.rows, 'answer')} came by themselves, for rows that nobody drew"
    if of.value is not None:
        is_error = data.task == "regression" or (data.leading or ("",))[0] in ERRORS
        words += (
            f"; the predictions were off by {number(of.value)} on average"
            if is_error
            else f"; {percent(of.value)} of those predictions were right"
        )
    return f"{words}. Which rows get such an answer is not left to chance, so this says nothing of the others: it has no interval and enters no figure above."


def _not_counted(data: ReportData) -> list[str]:
    """Say which answers are kept and do not count, and why."""
    people = data.agreement.annotators if data.agreement else ()
    left_out = [
        (sum(one.skipped for one in people), "skipped"),
        (sum(one.invalid for one in people), "outside the answer set"),
        (data.stale, "given to a row that was replaced since"),
    ]
    reasons = ", ".join(f"{rows:,} {why}" for rows, why in left_out if rows)
    notes = [f"Kept, but not counted: {reasons}."] if reasons else []
    told = [f"{rows:,} × {reason}" for reason, rows in data.cannot_tell.items()]
    return notes + ([f"People could not tell: {', '.join(told)}."] if told else [])
