"""Golden rows: rows that a package keeps together with the model's scores for them.

They are scored again whenever the package is opened. So a machine, a library or a
mapper that computes something else is noticed before it scores a batch.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Floats, Int32s, float_array, floats, texts
from pipelines.errors import PackageRefused
from pipelines.features.bad_values import BadValues
from pipelines.features.mapper import Mapper
from pipelines.models.evaluator import Evaluator, Scores

GOLDEN_ROWS: Final = 16
_EDGE_COLUMNS: Final = 64  # of a wide table, the first ones get an edge row
_LIBRARY_TOLERANCE: Final = 1e-9
_UNSEEN: Final = "\N{REPLACEMENT CHARACTER} unseen in training"


def golden_rows(rows: pa.RecordBatch, mapper: Mapper) -> pa.RecordBatch:
    """Choose golden rows: ordinary ones, then edge rows with one unusual value each.

    In an edge row one column is null or, if it is text, empty or a text that training
    never had.

    Args:
        rows: with the columns of the features, as the mapper takes them; the
            first 16 are kept.
        mapper: decides which rows can be kept.

    Returns:
        The rows that can be mapped.

    Raises:
        ValueError: there is no row that can be mapped.
    """
    ordinary = _mappable(_plain(rows.slice(0, GOLDEN_ROWS)), mapper)
    if not ordinary.num_rows:
        raise ValueError("no golden row can be mapped")
    first = ordinary.slice(0, 1)
    edges = [
        changed
        for at in range(min(rows.num_columns, _EDGE_COLUMNS))
        for changed in _edges(first, at)
        if _mappable(changed, mapper).num_rows
    ]
    return _joined([ordinary, *edges])


def _mappable(rows: pa.RecordBatch, mapper: Mapper) -> pa.RecordBatch:
    """Return the rows that the mapper takes."""
    while rows.num_rows:
        try:
            mapper.map(rows)
        except BadValues as bad:
            kept = np.setdiff1d(np.arange(rows.num_rows), bad.rows)
            rows = (
                _joined([rows.slice(int(at), 1) for at in kept]) if len(kept) else rows.slice(0, 0)
            )
        else:
            break
    return rows


def _edges(row: pa.RecordBatch, at: int) -> list[pa.RecordBatch]:
    """Return copies of a row with an unusual value in one column."""
    kind = row.schema.field(at).type
    values = [pa.nulls(1, kind)]
    if pa.types.is_string(kind):
        values += [texts([_UNSEEN]), texts([""])]
    columns, names = row.columns, row.schema.names
    return [
        pa.RecordBatch.from_arrays([*columns[:at], value, *columns[at + 1 :]], names=names)
        for value in values
    ]


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Write dictionaries out as texts: 16 rows need none."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def check(rows: pa.RecordBatch, expected: Scores, mapper: Mapper, evaluator: Evaluator) -> None:
    """Score the golden rows and compare with the scores that the package keeps.

    Args:
        rows: the golden rows.
        expected: their scores when the model was packaged.
        mapper: the package's mapper.
        evaluator: the package's evaluator.

    Raises:
        PackageRefused: plain arrays gave other bits, or a library gave another
            label or a result more than 1e-9 away.
    """
    problem = _differs(expected, evaluator.predict(mapper.map(rows)), exact=evaluator.exact)
    if problem:
        raise PackageRefused(
            f"the golden rows of the package come out differently here: {problem}",
            fix="score where the model was fitted, or fit it again here",
        )


def _differs(expected: Scores, computed: Scores, *, exact: bool) -> str | None:
    """Return how the scores differ, None if they do not."""
    pairs = (
        ("labels", expected.codes, computed.codes, 0.0),
        ("scores", expected.score, computed.score, _LIBRARY_TOLERANCE),
        ("values", expected.value, computed.value, _LIBRARY_TOLERANCE),
    )
    for what, before, now, tolerance in pairs:
        if before is None or now is None:
            if before is not now:
                return f"there are {what} on one side only"
        elif not _same(before, now, tolerance=0.0 if exact else tolerance):
            return f"{what} differ"
    return None


def _same(before: Floats | Int32s, now: Floats | Int32s, *, tolerance: float) -> bool:
    if before.shape != now.shape:
        return False
    if tolerance == 0.0:
        return before.tobytes() == now.tobytes()
    return bool(np.allclose(now, before, rtol=tolerance, atol=tolerance, equal_nan=True))


def to_arrow(batch: pa.RecordBatch) -> bytes:
    """Return a batch as the bytes of an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def from_arrow(data: bytes) -> pa.RecordBatch:
    """Read what `to_arrow` wrote."""
    with pa.ipc.open_file(pa.BufferReader(data)) as reader:
        return reader.get_batch(0)


def scores_to_batch(scores: Scores) -> pa.RecordBatch:
    """Return scores as a batch with those of the columns `code`, `score` and `value` that exist."""
    parts = {"code": scores.codes, "score": scores.score, "value": scores.value}
    columns = {name: float_array(part) for name, part in parts.items() if part is not None}
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def scores_from_batch(batch: pa.RecordBatch) -> Scores:
    """Read what `scores_to_batch` made."""
    parts = {name: floats(batch.column(name)) for name in batch.schema.names}
    codes = parts.get("code")
    return Scores(
        codes=None if codes is None else codes.astype(np.int32),
        score=parts.get("score"),
        value=parts.get("value"),
    )
