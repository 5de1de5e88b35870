"""Rows as a CSV file that a spreadsheet opens and runs nothing of."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from pipelines.errors import RecheckError

_RUNS = ("=", "+", "-", "@", "\t", "\r")  # a text that begins so may be run as a formula

csv_option = click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all rows into a CSV file, for a spreadsheet.",
)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV in UTF-8; texts that a spreadsheet would run begin with an apostrophe.

    Args:
        path: of the file, which is replaced.
        header: names of the columns.
        rows: of as many values; lists and mappings are written as JSON.

    Raises:
        RecheckError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
            writer.writerow([_safe(name) for name in header])
            writer.writerows([_safe(value) for value in row] for row in rows)
    except OSError as error:
        raise RecheckError(
            f"{path} cannot be written: {error.strerror}", fix="name another file by --csv"
        ) from error


def _safe(value: Any) -> Any:
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_RUNS) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
