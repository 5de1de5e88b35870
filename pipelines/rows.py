"""From the raw rows of a file to typed columns, keys and cohorts; and which rows cannot be used.

Raw columns come in whatever type the file has (CSV: all text). A column of the
wrong family is an error for the whole file; a wrong value costs its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.batches import local_micros
from pipelines.canonical import canonical_text
from pipelines.columns import (
    Int64s,
    coded_texts,
    dictionary_codes,
    float_array,
    floats,
    int_array,
    missing,
    texts,
)
from pipelines.digests import row_digests
from pipelines.errors import SchemaMismatch
from pipelines.features import Categorical, Date, Feature, Image, Numeric, Text
from pipelines.fragments import Projection
from pipelines.hashing import hex_text
from pipelines.jobs import Cohort, Job
from pipelines.siphash import Words

_NULL_WORDS = {"", "na", "n/a", "nan", "null", "none", "-nan"}
_NONE = "(none)"


@dataclass(slots=True)
class Faults:
    """Rows that cannot be used: the first reason found for each, with its column."""

    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)

    def mark(self, rows: npt.NDArray[np.bool_] | Iterable[int], reason: str, column: str) -> None:
        """Mark rows, given as a mask or as numbers."""
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:
            if not rows.any():
                return
            rows = np.flatnonzero(rows).tolist()
        for row in rows:
            self.reasons.setdefault(int(row), (reason, column))

    def others(self, rows: int) -> slice | Int64s:
        """The rows that are not marked, of so many; all of them as a slice, which copies nothing."""
        if not self.reasons:
            return slice(None)
        return np.setdiff1d(np.arange(rows), np.fromiter(self.reasons, np.int64))


def projection(job: Job, *, target: bool = False) -> Projection:
    """The columns that a job reads; all of them where a user function runs first."""
    names = dict.fromkeys([*job.features.columns, *job.key_columns, *job.labeling.show])
    for name in [job.data.time, job.batches.column, *(c.column for c in job.cohorts.values())]:
        names |= {name: None} if name else {}
    if job.predictions:
        given = job.predictions
        told = [given.label, given.score, given.version, *given.probabilities.values()]
        names |= dict.fromkeys(name for name in told if name)
    if target and job.target.column:
        names[job.target.column] = None
    coded = [
        name for name, feature in job.features.columns.items() if isinstance(feature, Categorical)
    ]
    coded += [cohort.column for cohort in job.cohorts.values()]
    everything = job.features.function is not None or job.data.key == "content"
    columns = None if everything else tuple(names)
    return Projection(columns, frozenset(set(coded) - set(job.key_columns)))


def keys_of(
    rows: pa.RecordBatch, job: Job, file_digest: str, positions: Int64s, faults: Faults
) -> pa.StringArray:
    """The key of each row as text: (n,), empty where it is null (and marked).

    Args:
        positions: the rows' numbers within the file of that digest (n,).
    """
    if job.data.key == "content":
        return hex_text(row_digests(rows, rows.schema.names))
    if not job.key_columns:
        return texts(f"{file_digest[:16]}:{position}" for position in positions.tolist())
    parts = []
    for name in job.key_columns:
        part = _key_text(rows.column(name), name)
        gaps = missing(part)
        if gaps is not None:
            faults.mark(gaps, "null_key", name)
            part = texts(text or "" for text in part.to_pylist())
        parts.append(checked_text(part, name, faults))
    return parts[0] if len(parts) == 1 else _json_arrays(parts)


def contents_of(rows: pa.RecordBatch, job: Job) -> Words:
    """The digest of what each row holds besides its key: (n, 2)."""
    return row_digests(rows, [name for name in rows.schema.names if name not in job.key_columns])


def _key_text(column: pa.Array, name: str) -> pa.StringArray:
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return column.cast(pa.string())
    if kinds.is_temporal(kind) or kinds.is_decimal(kind):
        return column.cast(pa.string())
    if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind):
        return canonical_text(column)
    raise SchemaMismatch(
        f"key column {name!r} holds {kind}", fix="use columns of text, numbers or times as the key"
    )


def _json_arrays(parts: Sequence[pa.StringArray]) -> pa.StringArray:
    lists = zip(*(part.to_pylist() for part in parts), strict=True)
    return texts(json.dumps(values, ensure_ascii=False, separators=(",", ":")) for values in lists)


def checked_text(column: pa.Array, name: str, faults: Faults) -> pa.Array:
    """The column, with invalid UTF-8 replaced and its rows marked."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return _repaired(column, name, faults)
    return column


def _repaired(column: pa.Array, name: str, faults: Faults) -> pa.Array:
    plain = column.dictionary_decode() if kinds.is_dictionary(column.type) else column
    raw = plain.view(
        pa.large_binary() if kinds.is_large_string(plain.type) else pa.binary()
    ).to_pylist()
    words = []
    for row, value in enumerate(raw):
        try:
            words.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            faults.mark([row], "invalid_utf8", name)
            words.append("")
    return texts(words)


def features_of(rows: pa.RecordBatch, job: Job, faults: Faults) -> pa.RecordBatch:
    """The feature columns in the types that the mapper takes; rows with wrong values are marked.

    Raises:
        SchemaMismatch: a column is missing or of another family of types.
    """
    columns = []
    for name, feature in job.features.columns.items():
        if name not in rows.schema.names:
            raise SchemaMismatch(
                f"column {name!r} is missing; there are {', '.join(rows.schema.names[:30])}",
                fix="deliver the column, or take it out of features.columns and fit again",
            )
        columns.append(_typed(rows.column(name), name, feature, job, faults))
    return pa.RecordBatch.from_arrays(columns, names=list(job.features.columns))


def _typed(column: pa.Array, name: str, feature: Feature, job: Job, faults: Faults) -> pa.Array:
    match feature:
        case Numeric():
            return _number(column, name, feature, faults)
        case Categorical():
            return _category(column, name, faults)
        case Date():
            return _date(column, name, job, faults)
        case Text():
            return checked_text(_as_text(column, name, "text"), name, faults)
        case Image():
            return _picture(column, name)


def _number(column: pa.Array, name: str, feature: Numeric, faults: Faults) -> pa.Array:
    column = numbers(column, name, faults)
    values = floats(column)
    faults.mark(np.isinf(values), "infinite", name)
    if feature.minimum is not None:
        faults.mark(values < feature.minimum, "out_of_range", name)
    if feature.maximum is not None:
        faults.mark(values > feature.maximum, "out_of_range", name)
    return column


def numbers(column: pa.Array, name: str, faults: Faults) -> pa.DoubleArray:
    """A column as float64; text only where it comes from CSV.

    Raises:
        SchemaMismatch: every value is something else than a number.
    """
    if kinds.is_float64(column.type):
        return column
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return _numbers_in_text(column, name, faults)
    if (
        kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_decimal(kind)
        or kinds.is_boolean(kind)
        or kinds.is_null(kind)
    ):
        return float_array(floats(column), missing(column))
    raise _mismatch(name, kind, "a number")


def _numbers_in_text(column: pa.Array, name: str, faults: Faults) -> pa.DoubleArray:
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        parsed = [_float(text) for text in column.to_pylist()]
    strange = np.array([value is None for value in parsed])
    if strange.sum() + column.null_count == len(column):
        raise _mismatch(name, column.type, "a number")
    faults.mark(strange, "not_a_number", name)
    return float_array([np.nan if value is None else value for value in parsed])


def _float(text: str | None) -> float | None:
    """A number, NaN for a missing one, None for something else."""
    if text is None or text.strip().lower() in _NULL_WORDS:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return None


def _category(column: pa.Array, name: str, faults: Faults) -> pa.DictionaryArray:
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_temporal(kind) or kinds.is_decimal(kind):
        column = column.cast(pa.string())
    elif kinds.is_nested(kind) or kinds.is_binary(kind):
        raise _mismatch(name, kind, "a category (text, whole numbers or true/false)")
    else:
        column = checked_text(column, name, faults)
    if not kinds.is_dictionary(column.type):
        column = (
            column if kinds.is_string(column.type) else canonical_text(column)
        ).dictionary_encode()
    return pa.DictionaryArray.from_arrays(column.indices, canonical_text(column.dictionary))


def _date(column: pa.Array, name: str, job: Job, faults: Faults) -> pa.Array:
    """Wall-clock time in the job's timezone, without a zone."""
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if not (
        kinds.is_timestamp(kind)
        or kinds.is_date(kind)
        or kinds.is_string(kind)
        or kinds.is_large_string(kind)
    ):
        raise _mismatch(name, kind, "a time")
    micros = local_micros(column, job.batches)
    gaps = micros == np.iinfo(np.int64).min
    given = missing(column)
    faults.mark(gaps if given is None else gaps & ~given, "not_a_time", name)
    buffer = pa.py_buffer(np.where(gaps, 0, micros))
    bitmap = pa.py_buffer(np.packbits(~gaps, bitorder="little")) if gaps.any() else None
    return pa.Array.from_buffers(pa.timestamp("us"), len(micros), [bitmap, buffer])


def _as_text(column: pa.Array, name: str, what: str) -> pa.Array:
    if kinds.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kinds.is_string(column.type):
        return column
    if (
        kinds.is_large_string(column.type)
        or kinds.is_string_view(column.type)
        or kinds.is_null(column.type)
    ):
        return column.cast(pa.string())
    raise _mismatch(name, column.type, what)


def with_pictures(rows: pa.RecordBatch, job: Job, folder: Path, faults: Faults) -> pa.RecordBatch:
    """The rows with pictures as bytes where the file has their paths.

    Args:
        folder: of the data file; relative paths start there, and none may leave it.
    """
    names = [name for name, one in job.features.columns.items() if isinstance(one, Image)]
    for name in dict.fromkeys([*names, *job.labeling.pictures]):
        place = rows.schema.get_field_index(name)
        if place >= 0 and not _is_binary(rows.column(name).type):
            rows = rows.set_column(place, name, _read(rows.column(name), name, folder, faults))
    return rows


def _is_binary(kind: pa.DataType) -> bool:
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_null(kind))


def _read(column: pa.Array, name: str, folder: Path, faults: Faults) -> pa.Array:
    found: list[bytes | None] = []
    root = folder.resolve()
    paths = _as_text(column, name, "a picture (bytes, or the path of a file)").to_pylist()
    for row, path in enumerate(paths):
        place = (root / path).resolve() if path else root
        reason = None if place.is_relative_to(root) else "picture_outside_folder"
        try:
            found.append(place.read_bytes() if path and not reason else None)
        except OSError:
            reason = "picture_not_found"
            found.append(None)
        if reason:
            faults.mark([row], reason, name)
    return pa.array(found, pa.binary())


def _picture(column: pa.Array, name: str) -> pa.Array:
    if not _is_binary(column.type):
        raise _mismatch(name, column.type, "a picture (bytes, or the path of a file)")
    return column.cast(pa.binary())


def cohorts_of(
    rows: pa.RecordBatch, cohorts: dict[str, Cohort]
) -> list[tuple[str, pa.DictionaryArray]]:
    """The value of each cohort for each row: (name, (n,)); `(none)` where it is null."""
    return [(name, _cohort(rows.column(cohort.column), cohort)) for name, cohort in cohorts.items()]


def _cohort(column: pa.Array, cohort: Cohort) -> pa.DictionaryArray:
    if cohort.edges:
        values = floats(numbers(column, cohort.column, Faults()))
        codes = np.searchsorted(np.array(cohort.edges), values, side="right").astype(np.int32)
        codes[np.isnan(values)] = -1
        names = _groups(cohort.edges)
    else:
        codes, names = dictionary_codes(_category(column, cohort.column, Faults()))
    return coded_texts(np.where(codes < 0, len(names), codes), [*names, _NONE])


def _groups(edges: Sequence[float]) -> list[str]:
    """Names of the groups between edges.

    >>> _groups([30, 50])
    ['below 30', '30 to 50', '50 and over']
    """
    shown = [f"{edge:g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} and over"]


def cohort_maps(cohorts: Sequence[tuple[str, pa.DictionaryArray]], rows: int) -> pa.MapArray:
    """The cohorts of each row as one column of maps."""
    width = len(cohorts)
    names = coded_texts(
        np.tile(np.arange(width), rows), [name for name, _ in cohorts]
    ).dictionary_decode()
    words: list[str] = []
    codes = np.empty((rows, width), dtype=np.int32)
    for place, (_, column) in enumerate(cohorts):
        own, values = dictionary_codes(column)
        codes[:, place] = own + len(words)
        words += values
    items = coded_texts(codes.ravel(), words).dictionary_decode()
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    starts = pa.Array.from_buffers(pa.int32(), rows + 1, [None, pa.py_buffer(offsets)])
    return pa.MapArray.from_arrays(starts, names, items)


def take(rows: pa.RecordBatch, chosen: Int64s) -> pa.RecordBatch:
    """Some rows, by number, in that order."""
    if len(chosen) == rows.num_rows:
        return rows
    columns = [take_column(column, chosen) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def take_column(column: pa.Array, chosen: Int64s) -> pa.Array:
    """Some values of a column, by number, in that order."""
    return pc.take(column, int_array(chosen))


def _mismatch(name: str, kind: pa.DataType, wanted: str) -> SchemaMismatch:
    return SchemaMismatch(
        f"column {name!r} holds {kind}, the job file says it is {wanted}",
        fix="deliver it as before, or change its kind in features.columns and fit again",
    )
