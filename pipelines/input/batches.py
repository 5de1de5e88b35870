"""The batch of each row: a period of its time, a value of a column, or the batch of its file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Int32s,
    Int64s,
    bool_array,
    dictionary_codes,
    integers,
    is_text,
    missing,
)
from pipelines.columns.epochs import epoch_times, likely_unit
from pipelines.columns.spelling import canonical, canonical_text
from pipelines.columns.time_texts import parse_time
from pipelines.columns.timezones import utc_offsets
from pipelines.columns.utc_times import EPOCH, micros_of
from pipelines.columns.utf8 import readable
from pipelines.errors import SchemaMismatch
from pipelines.formats.file_rules import CURRENT, FIRST
from pipelines.job.periods import LENGTH, PERIODS, Kind, name_of, named, settled
from pipelines.job.rules import BatchRule
from pipelines.job.sections import Batches

UNKNOWN = "unknown"
ALL = "all"
_MICROS = {kind: length // timedelta(microseconds=1) for kind, length in LENGTH.items()}
_LOOKED_AT = 8  # texts, before all of them are
_TICKS = {"s": 1_000_000, "ms": 1_000}
_LOWEST, _HIGHEST = (  # in microseconds; a day within what Python can hold, so that any zone fits
    micros_of(datetime(*day, tzinfo=UTC)) for day in ((1, 1, 2), (9999, 12, 30))
)
_NOWHERE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Membership:
    """The batch of each row of a fragment."""

    codes: Int32s  # (n,), into names
    names: list[str]
    unknown: npt.NDArray[np.bool_] | None  # (n,): no batch can be told; it is in `unknown`


def membership(rows: pa.RecordBatch, rule: BatchRule, path_batch: str | None) -> Membership:
    """Find the batch of each row of a fragment.

    Args:
        rows: the fragment (n), with the column that the rule names.
        rule: how rows fall into batches.
        path_batch: the value of `{batch}` in the file's path.

    Returns:
        A batch for each row (n,), `unknown` where the column is null or no time.
    """
    if rule.by == "column":
        return _with_unknown(*_values(rows.column(str(rule.column))))
    if rule.by in PERIODS:
        times = rows.column(str(rule.column))
        times = epoch_times(times, rule.unit) if rule.unit else _no_numbers(times)
        micros = local_micros(times, rule.timezone, rule.number)
        return _with_unknown(*_periods(micros, rule.by))
    return Membership(np.zeros(rows.num_rows, np.int32), [path_batch or ALL], None)


def _values(column: pa.Array) -> tuple[Int32s, list[str]]:
    """Code the values of a column; -1 where a value names no batch: null, empty, or no UTF-8."""
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_temporal(kind):
        column = column.cast(pa.string())
    codes, names = dictionary_codes(canonical_text(readable(column)))
    if "" not in names:
        return codes, names
    place = names.index("")
    codes = np.where(codes == place, -1, np.where(codes > place, codes - 1, codes))
    return codes.astype(np.int32), [name for name in names if name]


def spelled(batch: str, batches: Batches) -> str:
    """Spell the name of a batch, as a person wrote it, the way that scoring does.

    >>> spelled("2.0", Batches(by="column", column="year")), spelled("2.0", Batches(by="path"))
    ('2', '2.0')
    """
    return str(canonical(batch)) if batches.by == "column" else batch


def local_micros(column: pa.Array, timezone: str, number: int = CURRENT) -> Int64s:
    """Return microseconds since 1970 on the wall clock of a timezone: (n,).

    A time without a zone is taken as it stands. A null, text that is no time,
    or a year beyond 1-9999, is the smallest integer. What becomes of a value
    does not depend on those beside it.

    Args:
        column: of times, dates or text (n,).
        timezone: whose clock is read.
        number: of the rules by which text is read.

    Returns:
        The microseconds.

    Raises:
        SchemaMismatch: the column holds something else than times.
    """
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kinds.is_timestamp(column.type) or kinds.is_date(column.type):
        return _on_the_wall(column, timezone)
    if not (is_text(column.type) or kinds.is_null(column.type)):
        raise _not_times(column, str(column.type))
    as_utc = column if number == FIRST else _with_z(column)
    for kind in (pa.timestamp("us"), pa.timestamp("us", tz="UTC")):
        with suppress(pa.ArrowInvalid):
            return _on_the_wall(as_utc.cast(kind), timezone)
    return _parsed(readable(column), ZoneInfo(timezone), number)


def _no_numbers(column: pa.Array) -> pa.Array:
    """Refuse text that is nothing but numbers since 1970: not a row of it would find its batch."""
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_text(kind) and likely_unit(column.slice(0, _LOOKED_AT)) and likely_unit(column):
        raise _not_times(column, "numbers")
    return column


def _not_times(column: pa.Array, what: str) -> SchemaMismatch:
    unit = likely_unit(column)
    unless = f'; if they are numbers since 1970, set data.time_unit = "{unit}"' if unit else ""
    return SchemaMismatch(
        f"the time column holds {what}",
        fix=f"deliver times, dates, or text like 2026-11-20T05:00:00Z{unless}",
    )


def _with_z(column: pa.Array) -> pa.Array:
    """Spell UTC as Arrow's fast parser knows it, where a warehouse spells it otherwise."""
    with suppress(pa.ArrowInvalid):  # of text that is no UTF-8
        return pc.replace_substring_regex(column, r" ?(UTC|\+00:?00)$", "Z")
    return column


def _on_the_wall(times: pa.Array, timezone: str) -> Int64s:
    if kinds.is_date(times.type):
        times = times.cast(pa.timestamp("s"))
    coarse = times.type.unit in ("s", "ms")  # may reach beyond what microseconds can hold
    if coarse:
        ticks = integers(times)
        unit = _TICKS[times.type.unit]
        beyond = (ticks < _LOWEST // unit) | (ticks > _HIGHEST // unit)
        times = pc.if_else(bool_array(beyond), pa.scalar(None, times.type), times)
    times = times.cast(pa.timestamp("us", tz=times.type.tz), safe=False)  # drops nanoseconds
    values, gaps = integers(times), missing(times)
    bad = (values < _LOWEST) | (values > _HIGHEST)
    bad = bad if gaps is None else bad | gaps
    if times.type.tz is not None:
        values = values + utc_offsets(np.where(bad, 0, values), timezone)
    return np.where(bad, _NOWHERE, values)


def _parsed(column: pa.Array, zone: ZoneInfo, number: int) -> Int64s:
    """Parse texts of several forms, or with errors, each distinct text by itself."""
    codes, words = dictionary_codes(column)
    moments = [*(_moment(word, zone, number) for word in words), int(_NOWHERE)]  # the last: null
    return np.array(moments, dtype=np.int64)[codes]


def _moment(text: str, zone: ZoneInfo, number: int) -> int:
    try:
        moment = datetime.fromisoformat(text) if number == FIRST else parse_time(text)
        if moment is None:
            return int(_NOWHERE)
        local = moment.astimezone(zone) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return int(_NOWHERE)
    micros = micros_of(local.replace(tzinfo=UTC))
    return micros if _LOWEST <= micros <= _HIGHEST else int(_NOWHERE)


def _periods(micros: Int64s, by: Kind) -> tuple[Int32s, list[str]]:
    if by == "month":
        return _months(micros)
    shift = 3 * _MICROS["day"] if by == "week" else 0  # 1970-01-01 was a Thursday
    numbers = (micros + np.where(micros == _NOWHERE, 0, shift)) // _MICROS[by]
    distinct, codes = np.unique(numbers, return_inverse=True)
    nowhere = _NOWHERE // _MICROS[by]
    first = EPOCH - timedelta(microseconds=shift)
    names = [
        "" if number == nowhere else name_of(by, first + int(number) * LENGTH[by])
        for number in distinct
    ]
    into = codes.astype(np.int32)
    if names and not names[0]:
        return into - 1, names[1:]
    return into, names


def _months(micros: Int64s) -> tuple[Int32s, list[str]]:
    gone = micros == _NOWHERE
    moments = np.where(gone, 0, micros).astype("datetime64[us]")
    numbers = np.where(gone, _NOWHERE, moments.astype("datetime64[M]").astype(np.int64))
    distinct, codes = np.unique(numbers, return_inverse=True)
    there = [int(number) for number in distinct if number != _NOWHERE]
    years = [(1970 + number // 12, number % 12 + 1) for number in there]
    names = [name_of("month", datetime(year, month, 1, tzinfo=UTC)) for year, month in years]
    return codes.astype(np.int32) - (len(distinct) - len(there)), names


def _with_unknown(codes: Int32s, names: list[str]) -> Membership:
    gone = codes < 0
    if not gone.any():
        return Membership(codes, names, None)
    if UNKNOWN in names:  # a value of the data that is spelled like our name
        place = names.index(UNKNOWN)
        return Membership(np.where(gone, place, codes).astype(np.int32), names, gone)
    return Membership(np.where(gone, len(names), codes).astype(np.int32), [*names, UNKNOWN], gone)


def period_end(batch: str, batches: Batches) -> datetime | None:
    """Return when the period of a batch is over and settled; None for a batch without a period.

    >>> period_end("2026-W47", Batches(by="week", timezone="Europe/Berlin")).isoformat()
    '2026-11-23T00:00:00+01:00'
    """
    period = named(batch)
    return settled(period, batches) if period and period.kind == batches.by else None
