"""Wrong rows as the terminal shows them, and as JSON and a spreadsheet have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from functions.cli import output

if TYPE_CHECKING:
    from labeling.answers.wrong_rows import WrongRow

_FIRST = 20  # rows that people see
_WIDTH = 70  # letters of a row as it was shown


def record(row: WrongRow) -> dict[str, Any]:
    """Return a row as JSON has it."""
    names = ("key", "batch", "version", "label", "answer", "n_answers", "shown", "task", "weight")
    return {name: getattr(row, name) for name in names}


def columns(rows: Sequence[WrongRow]) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows for a spreadsheet: each shown column is one."""
    shown = list(dict.fromkeys(name for row in rows for name in row.shown))
    names = ["batch", "key", "label", "answer", "n_answers", "weight", "version", "task"]
    return [*names, *shown], [
        [*(getattr(row, name) for name in names), *(row.shown.get(name) for name in shown)]
        for row in rows
    ]


def lines(rows: Sequence[WrongRow]) -> Iterator[str]:
    """Yield the first rows as a table."""
    header = ["batch", "key", "predicted", "people said", "people", "the row"]
    yield from output.table(
        header,
        [[r.batch, r.key, r.label, r.answer, r.n_answers, _short(r.shown)] for r in rows[:_FIRST]],
    )
    if len(rows) > _FIRST:
        yield f"… and {len(rows) - _FIRST} more: --json and --csv FILE have all"
    if not rows:
        yield "no row that people answered was predicted wrongly"


def _short(shown: dict[str, Any]) -> str:
    text = ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
