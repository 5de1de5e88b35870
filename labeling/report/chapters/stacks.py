"""Counts of rows by batch: over time where batches are named after times, else one below the other."""

from __future__ import annotations

from collections.abc import Mapping

from labeling.estimates.windows import Period, windows
from labeling.report.chart import Bar, BarChart, CountChart, CountRow, Counts
from labeling.report.content import ReportData
from labeling.report.wording import dates

Stacks = Mapping[str, Counts]  # batch -> its counts

_MOST_BARS = 400
_MOST_ROWS = 40
_NAMES = {
    "scored": "scored",
    "refused": "quarantined",
    "answered": "answered",
    "open": "without an answer",
}


def stacked(data: ReportData, stacks: Stacks, alt: str) -> BarChart | CountChart:
    """Show counts by batch, or by longer windows where batches are many.

    Args:
        data: of the report.
        stacks: the counts of each batch.
        alt: what the chart shows, for those who cannot see it.

    Returns:
        The chart.
    """
    if not data.has_times:
        return _listed(stacks)
    period, summed = _summed(stacks)
    return BarChart(
        bars=[
            Bar(window, counts, _bar_words(window, counts, data.timezone))
            for window, counts in sorted(summed.items())
        ],
        batches=[batch.name for batch in data.batches],
        timezone=data.timezone,
        alt=f"{alt} One bar is one {period}.",
    )


def _summed(stacks: Stacks) -> tuple[Period, Stacks]:
    """Add batches up to windows that are few enough to draw."""
    order: tuple[Period, ...] = ("batch", "day", "week", "month")
    for period in order:
        sums: dict[str, dict[str, int]] = {}
        for batch, counts in stacks.items():
            window = sums.setdefault(windows(batch).get(period, batch), {})
            for kind, rows in counts:
                window[kind] = window.get(kind, 0) + rows
        if len(sums) <= _MOST_BARS or period == order[-1]:
            break
    return period, {window: tuple(counts.items()) for window, counts in sums.items()}


def _bar_words(window: str, counts: Counts, timezone: str) -> str:
    words = ", ".join(f"{rows:,} {_NAMES[kind]}" for kind, rows in counts)
    return f"{dates(window, timezone)}: {words}"


def _listed(stacks: Stacks) -> CountChart:
    totals = {batch: sum(rows for _, rows in counts) for batch, counts in stacks.items()}
    rows = [
        CountRow(batch, counts, f"{totals[batch]:,}")
        for batch, counts in sorted(stacks.items())[-_MOST_ROWS:]
    ]
    return CountChart(rows, ("batch", "rows", ""), max(totals.values(), default=0))
