"""Which batch each row belongs to: a period of its time, a value of a column, or its file's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.canonical import canonical_text
from pipelines.columns import Int32s, Int64s, dictionary_codes, integers, missing
from pipelines.jobs import Batches, Job

UNKNOWN = "unknown"
ALL = "all"
_MICROS = {"hour": 3_600_000_000, "day": 86_400_000_000, "week": 7 * 86_400_000_000}
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOWHERE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Membership:
    """The batch of each row."""

    codes: Int32s  # (n,), into names
    names: list[str]
    unknown: npt.NDArray[np.bool_] | None  # (n,): no batch can be told; it is in `unknown`


def membership(rows: pa.RecordBatch, job: Job, path_batch: str | None) -> Membership:
    """The batch of each row of a fragment.

    Args:
        rows: with the time column or the batch column that the job names.
        path_batch: the value of `{batch}` in the file's path.
    """
    by = job.batches.by
    if by == "column":
        codes, names = dictionary_codes(canonical_text(rows.column(str(job.batches.column))))
        return _with_unknown(codes, names)
    if by in _MICROS:
        return _with_unknown(
            *_periods(local_micros(rows.column(str(job.data.time)), job.batches), by)
        )
    return Membership(np.zeros(rows.num_rows, np.int32), [path_batch or ALL], None)


def local_micros(column: pa.Array, batches: Batches) -> Int64s:
    """Wall-clock microseconds in the job's timezone since 1970: (n,).

    A time without a zone is taken as it stands. A null, or a year beyond 1-9999,
    is the smallest integer.
    """
    times = _timestamps(column)
    if times.type.tz is not None:
        times = pc.local_timestamp(times.cast(pa.timestamp("us", tz=batches.timezone)))
    values = integers(times)
    lowest, highest = ((moment - _EPOCH) // timedelta(microseconds=1) for moment in (_FIRST, _LAST))
    bad = (values < lowest) | (values > highest)
    gaps = missing(times)
    return np.where(bad if gaps is None else bad | gaps, _NOWHERE, values)


def _timestamps(column: pa.Array) -> pa.Array:
    """Any column of times as microseconds; text that is no time becomes null."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us"))
    for kind in (pa.timestamp("us"), pa.timestamp("us", tz="UTC")):
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            continue
    return _parsed(column)


def _parsed(column: pa.Array) -> pa.Array:
    """Text of several forms, or with errors, one by one."""
    moments = np.array([_moment(text) for text in column.to_pylist()], dtype=np.int64)
    gaps = moments == _NOWHERE
    kind = pa.timestamp("us", tz="UTC")
    bitmap = pa.py_buffer(np.packbits(~gaps, bitorder="little"))
    return pa.Array.from_buffers(kind, len(moments), [bitmap, pa.py_buffer(moments)])


def _moment(text: str | None) -> int:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return int(_NOWHERE)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _periods(micros: Int64s, by: str) -> tuple[Int32s, list[str]]:
    shift = 3 * _MICROS["day"] if by == "week" else 0  # 1970-01-01 was a Thursday
    numbers = (micros + np.where(micros == _NOWHERE, 0, shift)) // _MICROS[by]
    distinct, codes = np.unique(numbers, return_inverse=True)
    nowhere = _NOWHERE // _MICROS[by]
    names = ["" if number == nowhere else _period_name(int(number), by) for number in distinct]
    found = codes.astype(np.int32)
    if names and not names[0]:
        return found - 1, names[1:]
    return found, names


def _period_name(number: int, by: str) -> str:
    if by == "hour":
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=number)).strftime("%Y-%m-%dT%H")
    if by == "day":
        return (date(1970, 1, 1) + timedelta(days=number)).isoformat()
    year, week, _ = (date(1969, 12, 29) + timedelta(weeks=number)).isocalendar()
    return f"{year}-W{week:02d}"


def _with_unknown(codes: Int32s, names: list[str]) -> Membership:
    gone = codes < 0
    if not gone.any():
        return Membership(codes, names, None)
    if UNKNOWN in names:  # a value of the user's that reads like ours
        place = names.index(UNKNOWN)
        return Membership(np.where(gone, place, codes).astype(np.int32), names, gone)
    return Membership(np.where(gone, len(names), codes).astype(np.int32), [*names, UNKNOWN], gone)


def period_end(batch: str, batches: Batches) -> datetime | None:
    """When the period of a batch is over and settled; None for batches without a period.

    >>> period_end("2026-W47", Batches(by="week", timezone="Europe/Berlin")).isoformat()
    '2026-11-23T00:00:00+01:00'
    """
    start = _period_start(batch, batches.by)
    if start is None:
        return None
    length = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[
        batches.by
    ]
    return (start + length).replace(tzinfo=ZoneInfo(batches.timezone)) + timedelta(
        hours=batches.settle
    )


def _period_start(batch: str, by: str) -> datetime | None:
    patterns = {
        "hour": r"(\d{4}-\d\d-\d\dT\d\d)",
        "day": r"(\d{4}-\d\d-\d\d)",
        "week": r"(\d{4}-W\d\d)",
    }
    if by not in patterns or not re.fullmatch(patterns[by], batch):
        return None
    text = f"{batch}-1" if by == "week" else batch
    form = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "week": "%G-W%V-%u"}[by]
    return datetime.strptime(text, form)  # noqa: DTZ007  # the zone is set by the caller
