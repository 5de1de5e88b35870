"""Wrong rows and plans as the terminal shows them, and as JSON and a spreadsheet have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from functions.cli import output
from labeling.estimates.amounts import NUMBERS, TERMINAL

if TYPE_CHECKING:
    from pathlib import Path

    from functions.steps.plan import PlannedFigure, PlanResult
    from labeling.answers.wrong_rows import WrongRow

_FIRST = 20  # rows that people see
_WIDTH = 70  # letters of a row as it was shown


def error_record(row: WrongRow) -> dict[str, Any]:
    """Return a row as JSON has it."""
    names = ("key", "batch", "version", "label", "answer", "n_answers", "shown", "task", "weight")
    return {name: getattr(row, name) for name in names}


def error_columns(rows: Sequence[WrongRow]) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows for a spreadsheet: each shown column is one."""
    shown = list(dict.fromkeys(name for row in rows for name in row.shown))
    names = ["batch", "key", "label", "answer", "n_answers", "weight", "version", "task"]
    return [*names, *shown], [
        [*(getattr(row, name) for name in names), *(row.shown.get(name) for name in shown)]
        for row in rows
    ]


def errors(rows: Sequence[WrongRow], csv_file: Path | None = None) -> Iterator[str]:
    """Yield the first rows as a table, and where all are."""
    if not rows:
        yield "no answer so far contradicts a prediction"
        return
    header = ["batch", "key", "predicted", "people said", "people", "the row"]
    yield from output.table(
        header,
        [[r.batch, r.key, r.label, r.answer, r.n_answers, _short(r.shown)] for r in rows[:_FIRST]],
    )
    if len(rows) > _FIRST:
        where = f"{csv_file} has" if csv_file else "--json and --csv FILE have"
        yield f"… and {len(rows) - _FIRST} more: {where} all"


def _short(shown: dict[str, Any]) -> str:
    text = ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def plans(result: PlanResult) -> Iterator[str]:
    """Yield the planned figures as a table, and what the budget buys of each."""
    header = ["batch", "figure", "of a", "within", "answers", "per batch", "of rows", "rests on"]
    yield from output.table(header, [_planned(one) for one in result.plans])
    bought: dict[str, list[str]] = {}
    for one in result.with_budget:
        buys = "no interval" if one.within is None else f"± {_reach(one)}"
        of = f"{one.per_batch:,} answers per batch of {one.batch}: {_named(one)}"
        bought.setdefault(of, []).append(f"{buys} a {one.period}")
    yield from (f"{of} {', '.join(parts)}" for of, parts in bought.items())
    timed = [one for one in result.plans if one.minutes is not None]
    if timed:
        each = (timed[0].minutes or 0) * 60 / timed[0].answers
        yield f"people need {each:,.0f} seconds for an answer, so {_minutes(timed)}"


def _planned(one: PlannedFigure) -> list[str]:
    counts = [f"{number:,}" for number in (one.answers, one.per_batch, one.rows)]
    return [one.batch, _named(one), one.period, f"± {_reach(one)}", *counts, one.basis]


def _named(one: PlannedFigure) -> str:
    return one.metric + (f" of {one.class_}" if one.class_ is not None else "")


def _reach(one: PlannedFigure) -> str:
    """Write how far an interval reaches to either side."""
    within = one.within or 0.0
    return TERMINAL.number(within) if one.metric in NUMBERS else f"{within:.2g} points"


def _minutes(timed: Sequence[PlannedFigure]) -> str:
    parts = (f"{one.minutes:,.0f} minutes a {one.period}" for one in timed if one.minutes)
    return ", ".join(dict.fromkeys(parts))
