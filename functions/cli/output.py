"""What every command prints: data to stdout, the rest to stderr, one JSON object on wish."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from pipelines.errors import RecheckError

Item = TypeVar("Item")
_EVERY = 0.1  # seconds between two looks of the progress bar


def answer(payload: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the result: the payload as JSON, or lines for people."""
    if as_json:
        print(json.dumps(plain(payload), ensure_ascii=False, allow_nan=False))
    else:
        for line in lines:
            print(line)


def failure(error: RecheckError, *, as_json: bool) -> int:
    """Print an error with its way out; return its exit code."""
    if as_json:
        told = {"code": error.code, "problem": error.problem, "fix": error.fix}
        print(json.dumps({"error": told, **plain(error.done)}, ensure_ascii=False))
    else:
        say(f"error: {error.problem}")
        say(f"hint: {error.fix}")
    return error.exit_code


def say(message: str) -> None:
    """Tell people how it goes."""
    print(message, file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """A value as JSON takes it: no dataclasses, times as ISO text, no NaN."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name.rstrip("_"): plain(getattr(value, name)) for name in names}
    match value:
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case float():
            return value if math.isfinite(value) else None
        case Decimal():  # what SQL makes of sums
            return int(value) if value == value.to_integral_value() else float(value)
    return _text(value)


def _text(value: Any) -> Any:
    """Times, paths and bytes as text; whatever JSON takes stays."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | None) else str(value)


def tracked(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """The items, with a progress bar on stderr where somebody can see it."""
    if not sys.stderr.isatty() or total < 2:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        items,
        label,
        total=total,
        console=Console(stderr=True),
        update_period=_EVERY,
        transient=True,
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as aligned columns.

    >>> list(table(["batch", "rows"], [["a", 10]]))
    ['batch  rows', 'a      10']
    """
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    for row in cells:
        yield "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
