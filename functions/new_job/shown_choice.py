"""Which columns a new job shows to people: those that were named, or the ones that tell most of what is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from functions.new_job.column_kinds import Column
from labeling.questions.revealing import numbers_of
from pipelines.columns.buffers import dictionary_codes, is_text
from pipelines.columns.spelling import canonical_text

MOST_SHOWN = 20  # columns; nobody reads more of them before every answer
_BINS = 16  # of numbers, with about as many rows each
_VALUES = 30  # of categories, the most frequent; the others are one more
_NAMED = 5

Codes = NDArray[np.int64]


def choose_shown(
    columns: Mapping[str, Column],
    candidates: Sequence[Column],
    hidden: Mapping[str, str],
    weights: Mapping[str, float],
    named: Sequence[str],
) -> tuple[list[Column], list[str]]:
    """Return the columns that people see, and what to say of the others.

    Args:
        columns: of the data by name.
        candidates: those that may be shown, in their order.
        hidden: those that would tell the prediction.
        weights: how much each candidate tells of what is predicted.
        named: by the user; these are shown, and no others.

    Returns:
        The columns in the order of the data, at most `MOST_SHOWN` unless they were
        named; and notes.
    """
    if named:
        return [columns[name] for name in dict.fromkeys(named) if name not in hidden], []
    free = [column for column in candidates if column.name not in hidden]
    tables = [column for column in free if column.kind not in ("text", "image", "date")]
    room = max(MOST_SHOWN - (len(free) - len(tables)), 0)
    if len(tables) <= room:
        return free, []
    by_weight = sorted(tables, key=lambda column: -weights.get(column.name, 0.0))
    left = {column.name for column in by_weight[room:]}
    names = [repr(column.name) for column in tables if column.name in left]
    first = ", ".join(names[:_NAMED])
    more = "" if len(left) <= _NAMED else f" and {len(left) - _NAMED} more"
    why = "they tell least of what is predicted" if weights else "they come last"
    note = (
        f"{len(free) - len(left)} of {len(free)} columns are shown to people; not {first}{more}: "
        f"{why}. --show COL names the ones to show instead"
    )
    return [column for column in free if column.name not in left], [note]


def told_of(columns: Mapping[str, pa.Array], labels: pa.Array) -> dict[str, float]:
    """Return how much each column tells of a label: its information gain, in nats.

    This is the weight that the first split of a tree would give it. Gain that
    chance alone brings to a column of many values is taken off.

    Args:
        columns: text or numbers, by name (n,) each.
        labels: classes as text, or numbers (n,).

    Returns:
        The gain by column, 0 where it tells nothing.
    """
    target = _codes(labels)
    return {name: _gain(_codes(column), target) for name, column in columns.items()}


def _codes(values: pa.Array) -> Codes:
    """Return a small number of codes for values (n,): bins of numbers, or the most frequent texts."""
    numbers = None if is_text(values.type) else numbers_of(values)
    if numbers is None:
        places, words = dictionary_codes(canonical_text(values))
        found = places.astype(np.int64) + 1  # 0 is missing
        counts = np.bincount(found, minlength=len(words) + 1)
        ranks = np.empty(len(counts), np.int64)
        ranks[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        return np.minimum(ranks[found], _VALUES)
    there = np.isfinite(numbers)
    if not there.any():
        return np.zeros(len(numbers), np.int64)
    edges = np.unique(np.quantile(numbers[there], np.arange(1, _BINS) / _BINS))
    return np.where(there, np.searchsorted(edges, numbers, side="right") + 1, 0)


def _gain(codes: Codes, target: Codes) -> float:
    rows = len(codes)
    if not rows:
        return 0.0
    width = int(target.max()) + 1
    joint = np.bincount(codes * width + target, minlength=(int(codes.max()) + 1) * width)
    table = joint.reshape(-1, width) / rows
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True)
    some = table > 0
    gain = float((table[some] * np.log(table[some] / expected[some])).sum())
    free = (np.count_nonzero(table.sum(1)) - 1) * (np.count_nonzero(table.sum(0)) - 1)
    return max(gain - free / (2 * rows), 0.0)
