"""Rows scored and refused."""

from __future__ import annotations

from labeling.estimates.amounts import percent
from labeling.report.chapters.stacks import stacked
from labeling.report.chart import CountChart, CountRow
from labeling.report.content import Batch, Reason, ReportData
from labeling.report.figure import Cell, DataTable, Figure, integer, text
from labeling.report.wording import count

_MOST_ROWS = 40


def volume_figure(data: ReportData) -> Figure | None:
    """Show how many rows each batch had, and how many of them could not be scored."""
    if not data.batches:
        return None
    refused = sum(batch.quarantined for batch in data.batches)
    scored = sum(batch.scored for batch in data.batches)
    sentence = f"{count(scored, 'row')} scored in {count(len(data.batches), 'batch', 'batches')}, {refused:,} quarantined."
    stacks = {
        one.name: (("scored", one.scored), ("refused", one.quarantined)) for one in data.batches
    }
    return Figure(
        anchor="volume",
        title="Rows per batch",
        sentence=sentence,
        chart=stacked(data, stacks, f"Rows per batch. {sentence}"),
        legend=[("scored", "scored"), *([("refused", "quarantined")] if refused else [])],
        funnel=data.funnel(data.of("all")),
        table=DataTable(
            ("batch", "source rows", "scored", "quarantined", "version"),
            [_batch_cells(one) for one in data.batches],
        ),
        is_half=True,
    )


def quarantine_figure(data: ReportData) -> Figure | None:
    """Show why rows could not be scored."""
    if not data.reasons:
        return None
    reasons = sorted(data.reasons, key=lambda one: (-one.rows, one.reason, one.column or ""))
    total, source = sum(one.rows for one in reasons), sum(batch.source for batch in data.batches)
    part = f", {percent(total / source, 1)} of all" if source else ""
    rows = [_reason_row(one) for one in reasons[:_MOST_ROWS]]
    return Figure(
        anchor="quarantine",
        title="Why rows could not be scored",
        sentence=f"{count(total, 'row')}{part}. They are in no figure above: an accuracy speaks of rows that were scored.",
        chart=CountChart(rows, ("reason", "rows", ""), reasons[0].rows),
        funnel=data.funnel(data.of("all")),
        table=DataTable(
            ("reason", "column", "rows"),
            [(text(one.reason), text(one.column), integer(one.rows)) for one in reasons],
        ),
        is_half=True,
    )


def _batch_cells(one: Batch) -> list[Cell]:
    counts = (integer(rows) for rows in (one.source, one.scored, one.quarantined))
    return [text(one.name), *counts, text(one.version)]


def _reason_row(one: Reason) -> CountRow:
    label = f"{one.reason} · {one.column}" if one.column else one.reason
    return CountRow(label, (("refused", one.rows),), f"{one.rows:,}")
