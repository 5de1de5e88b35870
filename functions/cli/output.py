"""Output of every command: data to stdout, the rest to stderr, one JSON object on wish."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from functions.batches.failures import FAILED
from pipelines.columns.visible import visible, visible_json, visible_line
from pipelines.errors import RecheckError

if TYPE_CHECKING:
    from pathlib import Path

Item = TypeVar("Item")
_EVERY = 0.1  # seconds between two looks of the progress bar
_OPEN = re.compile(r"(`recheck (?:(?:--)?[a-z]+ )+)…")  # a command in a hint whose job is left open
_SHOWN = 6  # names in a message, of many


def answer(payload: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the result: the payload as JSON, or lines for people.

    Raises:
        RecheckError: stdout takes no more.
    """
    if as_json:
        _print(_json(plain(payload)))
    else:
        _print("".join(f"{visible(line)}\n" for line in lines))


def failure(
    error: RecheckError,
    *,
    as_json: bool,
    job: Path | None = None,
    beside: Mapping[str, Any] | None = None,
) -> int:
    """Print an error with its way out; return its exit code.

    Args:
        error: what went wrong.
        as_json: as one object on stdout.
        job: the job's path as it was typed, to stand where the way out leaves it open.
        beside: what else the object holds, such as what went well.

    Returns:
        The exit code of the error.
    """
    record = error_record(error, job)
    if as_json:
        try:
            _print(_json({"error": record, **plain(beside or {})}))
        except RecheckError:
            as_json = False  # stderr may still be there
    if not as_json:
        say(f"error: {record['problem']}")
        say(f"hint: {record['fix']}")
    return error.exit_code


def error_record(error: RecheckError, job: Path | None) -> dict[str, str]:
    """Return an error as JSON has it; its way out names the job as it was typed."""
    named = "…" if job is None else shlex.quote(str(job))
    fix = _OPEN.sub(lambda command: command[1] + named, error.fix)
    return {"code": error.code, "problem": error.problem, "fix": fix}


def failed_batch(batch: str, error: RecheckError, job: Path) -> dict[str, Any]:
    """Return a batch that failed, as JSON has it beside those that went well."""
    return {"batch": batch, "status": FAILED, "error": error_record(error, job)}


def _json(record: Any) -> str:
    """Write one object as a line of JSON, in the characters that stdout can take."""
    text = visible_json(json.dumps(record, ensure_ascii=False, allow_nan=False))
    return (text if _fits(text) else json.dumps(record, allow_nan=False)) + "\n"


def _fits(text: str) -> bool:
    try:
        text.encode(_encoding(sys.stdout))
    except UnicodeEncodeError:
        return False
    return True


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _print(text: str) -> None:
    """Print and flush: a buffer that is written at exit would fail unnoticed.

    What stdout has no character for is written as its code; where stdout was
    closed by whoever called, nothing is.
    """
    if sys.stdout is None:
        return
    encoding = _encoding(sys.stdout)
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), end="", flush=True)
    except BrokenPipeError:
        sys.exit(1)  # the reader went away, as `head` does
    except OSError as error:
        raise RecheckError(
            f"the answer cannot be written: {error.strerror}",
            fix="look where the output goes; the same command again answers again",
        ) from error


def say(message: str) -> None:
    """Print a line of news to stderr, where there is one; what it quotes may come from anybody."""
    if sys.stderr is not None:  # `print` would take stdout instead
        encoding = _encoding(sys.stderr)
        text = visible(message).encode(encoding, "backslashreplace").decode(encoding)
        print(text, file=sys.stderr, flush=True)


def changed(batches: Sequence[str], job: Path) -> None:
    """Print the batches whose input is no longer what was scored, with the way out."""
    if batches:
        named = " ".join(f"--batch {shlex.quote(batch)}" for batch in batches[:_SHOWN])
        more = " …" if len(batches) > _SHOWN else ""
        say(
            f"warning: the input of {few(batches)} has changed since it was scored, or how the job file reads it"
        )
        say(
            f"hint: `recheck score {shlex.quote(str(job))} {named}{more} --replace` scores what is there now"
        )


def few(names: Sequence[str]) -> str:
    """Join all names where they are few, else the first and the last ones.

    >>> few([f"d{day}" for day in range(1, 32)])
    'd1, d2, d3 … d30, d31'
    """
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:3])} … {', '.join(names[-2:])}"


def plain(value: Any) -> Any:
    """Return a value as JSON takes it: no dataclasses, times as ISO text, no NaN."""
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
    """Return times, paths and bytes as text, and whatever JSON takes as it is."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | None) else str(value)


def tracked(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Yield the items, with a progress bar on stderr where that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty() or total < 2:
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
    """Yield rows as aligned columns.

    >>> list(table(["batch", "rows"], [["a", 10]]))
    ['batch  rows', 'a      10']
    """
    cells = [[_cell(name) for name in header], *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    for row in cells:
        yield "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else visible_line(str(value))
