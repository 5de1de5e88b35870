"""The sections `[data]` and `[batches]` of a new job file: where rows come from, and how they fall into batches."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import available_timezones

import tomlkit
from tomlkit.items import Table

from functions.new_job.column_kinds import Column, missing_words
from functions.new_job.init_options import InitOptions, address_from
from functions.new_job.toml_parts import table_of
from pipelines.errors import JobInvalid
from pipelines.input.fragments import Source
from pipelines.job.periods import PERIODS


def data_section(
    folder: Path, options: InitOptions, columns: Mapping[str, Column], source: Source
) -> Table:
    """Return the section `[data]`.

    Args:
        folder: of the job file, where relative paths start.
        options: of `recheck init`.
        columns: of the data, by name.
        source: the first file, with the rules that it is read by.

    Returns:
        The table.
    """
    table = table_of(
        {
            "path": address_from(folder, options.data),
            "query": options.query,
            "key": list(options.key) or None,
            "time": options.time,
            "time_unit": columns[options.time].epoch if options.time else None,
            "missing": missing_words(columns.values()) or None,
            **source.rules.set_by_job,
        }
    )
    if not options.key:
        table.add(
            tomlkit.comment('key = ["…"]  # without one, a row is known by its file and number')
        )
    return table


def batches_section(options: InitOptions, columns: Mapping[str, Column]) -> Table:
    """Return the section `[batches]`; the columns of the data are by name."""
    by = options.batch_by
    if "{batch}" in options.data:
        return table_of({"by": "path"})
    if by is None:
        return table_of({"by": "all"})
    if is_period(options):
        named = columns[str(options.time)].timezone
        is_known = named in available_timezones()  # an offset like +02:00 is no timezone
        return table_of({"by": by, "timezone": named if is_known else "UTC"})
    return table_of({"by": "column", "column": by})


def is_period(options: InitOptions) -> bool:
    """Tell whether batches are periods, and not the values of a column."""
    return options.batch_by in PERIODS and options.time is not None


def require_time(options: InitOptions, columns: Mapping[str, Column]) -> None:
    """Refuse a period without the column that has the time.

    Raises:
        JobInvalid: no option names the column.
    """
    by = options.batch_by
    if by not in PERIODS or options.time or by in columns:
        return
    times = [column.name for column in columns.values() if column.kind == "date" or column.epoch]
    likely = " or ".join(f"--time {shlex.quote(name)}" for name in times)
    raise JobInvalid(
        f"--batch-by {by} needs --time, the column with the time of the event",
        fix=f"pass {likely}" if times else "no column looks like a time; name the one that is",
    )
