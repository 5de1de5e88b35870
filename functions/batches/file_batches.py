"""The batches of one file: those of its rows, and the one that its name tells where its rows cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from pipelines.errors import InputUnreadable, RecheckError, SchemaMismatch
from pipelines.input.batch_rows import members
from pipelines.input.batches import ALL
from pipelines.input.fragments import Source, read_column
from pipelines.job.periods import PERIODS, name_of, named
from pipelines.job.rules import BatchRule

_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_/.]?)(\d\d)\2(\d\d)(?:[T_/. -]?([01]\d|2[0-3]))?(?!\d)"
)
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/.]?(0[1-9]|1[0-2])(?!\d)")
_WEEK = re.compile(r"(?<!\d)((?:19|20)\d\d)-?W(\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class FileBatches:
    """The batches that a file has rows of, or may have where it cannot be read."""

    batches: frozenset[str]
    rows: int = 0  # as far as it was read, where a column tells batches
    error: RecheckError | None = None  # why its rows cannot tell, or not all of them


def batches_of_file(source: Source, rule: BatchRule) -> FileBatches:
    """Find the batches of a file, by the one column that tells them.

    A file that cannot be read to its end may also hold the period that its name
    speaks of, and so does a file without rows.

    Args:
        source: the file.
        rule: how rows fall into batches.

    Returns:
        The batches, none where nothing tells; and the error of reading, if any.
    """
    if rule.column is None:
        return FileBatches(frozenset({source.batch or ALL}))
    found: set[str] = set()
    count = 0
    try:
        for rows in read_column(source, rule.column):
            member = members(rows, rule, source)
            found |= {member.names[code] for code in np.unique(member.codes)}
            count += rows.num_rows
    except (InputUnreadable, SchemaMismatch) as error:
        return FileBatches(frozenset(found) | period_in(source.name, rule), count, error)
    return FileBatches(frozenset(found) or period_in(source.name, rule), count)


def period_in(name: str, rule: BatchRule) -> frozenset[str]:
    """Return the one batch whose period the name of a file speaks of; empty where it is not one.

    >>> [sorted(period_in("meters_20261120.csv", BatchRule(by))) for by in ("day", "week", "hour")]
    [['2026-11-20'], ['2026-W47'], []]
    """
    if rule.by not in PERIODS:
        return frozenset()
    names = (
        {f"{year}-W{week}" for year, week in _WEEK.findall(name)} if rule.by == "week" else set()
    )
    if rule.by == "month":
        names |= {f"{year}-{month}" for year, month in _MONTH.findall(name)}
    for year, _, month, day, hour in _DAY.findall(name):
        moment = f"{year}-{month}-{day}" + (f"T{hour}" if hour and rule.by == "hour" else "")
        period = named(moment)
        if period and (hour or rule.by != "hour"):
            names.add(name_of(rule.by, period.start))
    periods = frozenset(name for name in names if named(name))
    return periods if len(periods) == 1 else frozenset()
