"""The report as plain JSON types, for a notebook, a dashboard or a spreadsheet.

Only dicts, lists, texts, truth values, None and finite numbers occur; what is
unknown or infinite is None. Numbers are exact: as `recheck estimate --json` has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from labeling.estimates.windows import span
from labeling.report.chart import (
    Axis,
    BarChart,
    Chart,
    CountChart,
    IntervalChart,
    IntervalMark,
    Lines,
    Matrix,
    ReliabilityChart,
    RowList,
    ScatterChart,
    TimeChart,
    WindowMark,
)
from labeling.report.content import ReportData
from labeling.report.figure import Figure
from labeling.report.findings import findings
from pipelines.sampling.leakage import SEEN

Record = dict[str, Any]


def record(data: ReportData) -> Record:
    """Return all that the page says, under names that do not change with its looks."""
    report = findings(data)
    sections = [
        {"chapter": chapter.title} | _section(figure)
        for chapter in report.chapters
        for figure in chapter.figures
    ]
    page = {
        "job": data.job,
        "task": data.task,
        "question": data.question,
        "timezone": data.timezone,
        "note": data.note,
        "as_of": report.as_of,
        "headline": report.headline.text,
        "leads": report.leads,
        "is_open": report.is_open,
        "unreliable": report.unreliable,
        "newest": _section(report.newest) if report.newest else None,
        SEEN: report.seen or None,
        "alerts": [alert.record() for alert in report.alerts],
        "missing_data": report.missing,
        "watched": report.watched,
        "sections": sections,
        "next_steps": [asdict(step) for step in report.steps],
        "open_ends": report.open_ends,
        "outcomes": report.outcomes or None,
        "versions": report.versions,
        "estimator_version": report.estimator_version,
    }
    plain: Record = _plain(page)
    return plain


def _section(figure: Figure) -> Record:
    table = figure.whole or figure.table
    return {
        "id": figure.anchor,
        "title": figure.title,
        "sentence": figure.sentence,
        "chart": _chart(figure.chart),
        "notes": figure.notes,
        "funnel": asdict(figure.funnel),
        "table": {
            "header": table.header,
            "rows": [[cell.value for cell in row] for row in table.rows],
        },
    }


def _chart(chart: Chart) -> Record:
    match chart:
        case IntervalChart():
            return {"kind": "intervals", **_held_against(chart.axis, chart.lines)} | {
                "series": [_intervals(title, rows) for title, rows in chart.groups]
            }
        case CountChart():
            points = [
                {"label": row.label, "counts": dict(row.counts), "remark": row.remark}
                for row in chart.rows
            ]
            return {"kind": "counts", "points": points}
        case TimeChart():
            return _over_time(chart)
        case BarChart():
            points = [
                _window(bar.window, chart.timezone) | {"counts": dict(bar.counts)}
                for bar in chart.bars
            ]
            return {"kind": "counts_over_time", "points": points}
        case RowList() | Matrix():
            return _rows(chart)
        case ReliabilityChart() | ScatterChart():
            return {"across": chart.across, "upward": chart.upward} | _points(chart)


def _rows(chart: RowList | Matrix) -> Record:
    rows = [asdict(row) for row in chart.rows]
    if isinstance(chart, RowList):
        return {"kind": "rows", "points": rows}
    return {"kind": "matrix", "answers": chart.answers, "rows": rows}


def _held_against(axis: Axis, lines: Lines) -> Record:
    return {"unit": axis.unit, "overall": lines.overall, "limit": lines.limit}


def _intervals(title: str, rows: Sequence[Any]) -> Record:
    points = [
        {"label": row.label, **_mark(row.mark), "text": row.text, "remark": row.remark}
        for row in rows
    ]
    return {"title": title, "points": points}


def _over_time(chart: TimeChart) -> Record:
    def points(windows: Sequence[WindowMark]) -> list[Record]:
        return [
            _window(one.window, chart.timezone) | _mark(one.mark) | {"text": one.text}
            for one in windows
        ]

    series = [
        {"title": title, "points": points(windows)}
        for title, windows in (("long windows", chart.wide), ("short windows", chart.fine))
    ]
    asked = [_window(one.window, chart.timezone) | {"state": one.state} for one in chart.asked]
    lines = _held_against(chart.axis, chart.lines)
    return {"kind": "over_time", **lines, "series": series, "asked": asked}


def _points(chart: ReliabilityChart | ScatterChart) -> Record:
    if isinstance(chart, ScatterChart):
        return {
            "kind": "pairs",
            "points": [{"predicted": x, "answered": y} for x, y in chart.points],
        }
    points = [
        {"score": one.score, "answers": one.answers} | asdict(one.right) for one in chart.bins
    ]
    return {"kind": "calibration", "points": points}


def _mark(mark: IntervalMark) -> Record:
    """Name an estimate's parts; the range of missing answers only where the page draws it."""
    return {
        "value": mark.value,
        "low": mark.low,
        "high": mark.high,
        "if_missing_wrong": mark.worst,
        "if_missing_right": mark.best,
        "known_truth": mark.truth,
    }


def _window(window: str, timezone: str) -> Record:
    begin, end = span(window, timezone) or (None, None)
    return {"window": window, "begin": begin, "end": end}


def _plain(value: Any) -> Any:
    """Turn containers and times into what JSON has; what is not finite becomes None."""
    match value:
        case str() | bool() | int() | None:
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value]
