"""The groups (cohorts) that a row belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import coded_texts, dictionary_codes, floats
from pipelines.columns.spelling import canonical
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import category, numbers
from pipelines.job.sections import Cohort

_NONE = "(none)"


def cohorts_of(
    rows: pa.RecordBatch, cohorts: Mapping[str, Cohort]
) -> list[tuple[str, pa.DictionaryArray]]:
    """Return the value of each cohort for each row, as (name, (n,)); `(none)` where it is null."""
    return [(name, _cohort(rows.column(cohort.column), cohort)) for name, cohort in cohorts.items()]


def _cohort(column: pa.Array, cohort: Cohort) -> pa.DictionaryArray:
    if cohort.edges:
        values = floats(numbers(column, cohort.column, Faults()))
        codes = np.searchsorted(np.array(cohort.edges), values, side="right").astype(np.int32)
        codes[np.isnan(values)] = -1
        names = _groups(cohort.edges)
    else:
        codes, names = dictionary_codes(category(column, cohort.column, Faults()))
    return coded_texts(np.where(codes < 0, len(names), codes), [*names, _NONE])


def _groups(edges: Sequence[float]) -> list[str]:
    """Name the groups between edges.

    >>> _groups([30, 50])
    ['below 30', '30 to 50', '50 and over']
    """
    shown = [canonical(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} and over"]


def cohort_maps(cohorts: Sequence[tuple[str, pa.DictionaryArray]], rows: int) -> pa.MapArray:
    """Join the cohorts of each row into one column of maps (n,)."""
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
