"""Shown columns that tell the prediction: whoever sees one is no longer blind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Bools,
    Floats,
    Int32s,
    bool_array,
    booleans,
    dictionary_codes,
    floats,
    positions,
)

_OFTEN = 5  # rows that a value must have to count: a value of one row tells nothing of others
_COVERED = 0.5  # share of the rows that such values must have together
_LEAST = 20  # rows that they must have together: fewer agree by chance
SHARE = 0.99  # of the rows, that have the most frequent label of their value
_GAIN = 0.2  # by which that share must exceed the share of the most frequent label
_ROUNDING = 0.01  # of the standard deviation of the predicted numbers, by which a copy may differ
_TEXT_GAIN = 0.2  # as _GAIN, for words of the label in a text, above chance
_TEXT_ROWS = 2_000  # rows of a text that are looked at


@dataclass(frozen=True, slots=True)
class Revealing:
    """A column that tells the prediction."""

    column: str
    share: float  # of the rows, in which its value tells the label


def revealing_columns(
    columns: Mapping[str, pa.Array], labels: pa.Array, share: float = SHARE
) -> list[Revealing]:
    """Find the columns whose value tells the predicted class.

    Only values of five rows or more count, missing ones as a value, and only where
    they cover half of the rows, and 20 of them. A column tells the class if 99 % of those rows
    have the most frequent class of their value, and that is 20 points more than
    guessing the most frequent class of all would give.

    Args:
        columns: the shown values (n,) of each column, of any type.
        labels: the predicted classes (n,), text or coded text.
        share: of the rows that a column must tell, in place of 99 %.

    Returns:
        Those that tell it, in the order of the columns.

    >>> queue, hour = pa.array(["A", "B"] * 20), pa.array([1, 2, 3, 4, 5] * 8)
    >>> revealing_columns({"queue": queue, "hour": hour}, pa.array(["a", "b"] * 20))
    [Revealing(column='queue', share=1.0)]
    """
    codes = dictionary_codes(labels)[0]
    told = {name: _told(_codes(values), codes, share) for name, values in columns.items()}
    return [Revealing(name, part) for name, part in told.items() if part is not None]


def telling_each_class(columns: Mapping[str, pa.Array], labels: pa.Array) -> list[Revealing]:
    """Find the columns whose value tells every class, however rare, in 99 % of its rows.

    Where one class has most of the rows, guessing it is right nearly always, and no
    column is 20 points better. Only classes of 20 rows or more are looked at, and only
    values of five rows or more count.

    Args:
        columns: the shown values (n,) of each column, of any type.
        labels: the predicted classes (n,), text or coded text.

    Returns:
        Those that do, in the order of the columns; `share` is that of the class told worst.

    >>> flag = pa.array([False] * 480 + [True] * 20)
    >>> telling_each_class({"flag": flag}, pa.array(["fine"] * 480 + ["fraud"] * 20))
    [Revealing(column='flag', share=1.0)]
    """
    codes = dictionary_codes(labels)[0]
    told = {name: _told_each(_codes(values), codes) for name, values in columns.items()}
    return [Revealing(name, part) for name, part in told.items() if part >= SHARE]


def revealing_copies(columns: Mapping[str, pa.Array], predicted: Floats) -> list[Revealing]:
    """Find the columns that hold the predicted number, be it rounded.

    Args:
        columns: the shown values (n,) of each column, of any type.
        predicted: the predicted numbers (n,), NaN where there is none.

    Returns:
        Those that do in 99 % of the rows, in the order of the columns.

    >>> revealing_copies({"eta": pa.array([str(x) for x in range(40)])}, np.arange(40.0))
    [Revealing(column='eta', share=1.0)]
    """
    spread = float(np.nanstd(predicted)) if np.isfinite(predicted).any() else 0.0
    if len(predicted) < _LEAST or spread == 0:
        return []
    found = []
    for name, values in columns.items():
        numbers = numbers_of(values)
        if numbers is not None:
            share = float(np.mean(np.abs(numbers - predicted) <= _ROUNDING * spread))
            found += [Revealing(name, share)] if share >= SHARE else []
    return found


def separating_columns(columns: Mapping[str, pa.Array], labels: pa.Array) -> list[Revealing]:
    """Find the columns of numbers that lie on one side of a line for one class, and beyond for others.

    The probability of a class does so where there are two. So may any number that a
    model decides by: this is a reason to look, and no proof.

    Args:
        columns: values (n,) of each column, of any type.
        labels: the predicted classes (n,), text or coded text.

    Returns:
        Those that do in 99 % of the rows, in the order of the columns.

    >>> chance = pa.array([i / 40 for i in range(40)])
    >>> separating_columns({"p": chance}, pa.array(["no"] * 20 + ["yes"] * 20))
    [Revealing(column='p', share=1.0)]
    """
    codes, words = dictionary_codes(labels)
    found = []
    for name, values in columns.items():
        numbers = numbers_of(values)
        if numbers is None:
            continue
        told = [_separated(numbers, codes == code) for code in range(len(words))]
        best = max(told, default=0.0)
        found += [Revealing(name, best)] if best >= SHARE else []
    return found


def revealing_texts(texts: Mapping[str, pa.Array], labels: pa.Array) -> list[Revealing]:
    """Find the texts that hold the words of their own label far more often than those of chance.

    Chance is how often a text would hold the label of another row.

    Args:
        texts: the shown texts (n,) of each column.
        labels: the predicted classes (n,), text or coded text.

    Returns:
        Those that do; `share` is that of the rows whose text holds its label.

    >>> mails = pa.array(["routed to sales", "routed to legal"] * 20)
    >>> revealing_texts({"mail": mails}, pa.array(["sales", "legal"] * 20))
    [Revealing(column='mail', share=1.0)]
    """
    codes, words = dictionary_codes(labels.slice(0, _TEXT_ROWS))
    found = []
    for name, values in texts.items():
        column = values.slice(0, _TEXT_ROWS)
        is_there = booleans(pc.is_valid(column))
        if is_there.sum() >= _LEAST:
            share, chance = _held(column.filter(bool_array(is_there)), codes[is_there], words)
            found += [Revealing(name, share)] if share - chance >= _TEXT_GAIN else []
    return found


def _told(values: Int32s | None, labels: Int32s, share: float) -> float | None:
    """Return the share of the rows in which a value tells the label; None where it does not."""
    if values is None or not len(labels):
        return None
    counts = np.bincount(values)
    is_often = counts >= _OFTEN
    seen = is_often[values]
    covered = int(seen.sum())
    if covered < max(_LEAST, _COVERED * len(labels)):
        return None
    many = int(labels.max()) + 1
    pairs, sizes = np.unique(
        values[seen].astype(np.int64) * many + labels[seen], return_counts=True
    )
    most = np.zeros(len(counts), np.int64)
    np.maximum.at(most, pairs // many, sizes)
    told = float(most.sum() / covered)
    guess = float(np.bincount(labels[seen]).max() / covered)
    return told if told >= share and told - guess >= _GAIN else None


def _told_each(values: Int32s | None, labels: Int32s) -> float:
    """Return the share in which the worst told class is told; 0 where there are not two classes."""
    if values is None or not len(labels):
        return 0.0
    rows = np.bincount(labels)
    are_many = rows >= _LEAST
    if are_many.sum() < 2:
        return 0.0
    pairs, sizes = np.unique(values.astype(np.int64) * len(rows) + labels, return_counts=True)
    order = np.lexsort(
        (sizes, pairs // len(rows))
    )  # the last of each value is its most frequent class
    label_of = np.zeros(int(values.max()) + 1, np.int64)
    label_of[(pairs // len(rows))[order]] = (pairs % len(rows))[order]
    is_right = (label_of[values] == labels) & (np.bincount(values) >= _OFTEN)[values]
    return float((np.bincount(labels[is_right], minlength=len(rows)) / rows)[are_many].min())


def _codes(values: pa.Array) -> Int32s | None:
    """Return a column as codes of its values, a missing one as the last; None for a type without."""
    if not kinds.is_dictionary(values.type):
        try:
            values = values.dictionary_encode()
        except pa.ArrowNotImplementedError:
            return None
    codes = positions(values.indices)
    return np.where(codes < 0, np.int32(len(values.dictionary)), codes)


def numbers_of(values: pa.Array) -> Floats | None:
    """Return a column as numbers (n,), NaN where there is none; None where it holds others."""
    if kinds.is_dictionary(values.type):
        values = values.dictionary_decode()
    is_other = kinds.is_temporal(values.type) or kinds.is_boolean(values.type)
    if is_other or kinds.is_nested(values.type):
        return None
    with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return floats(values.cast(pa.float64()))
    return None


def _separated(numbers: Floats, is_class: Bools) -> float:
    """Return the share of the rows that the best line tells apart, 0 where guessing is nearly as good."""
    there = ~np.isnan(numbers)
    numbers, is_class = numbers[there], is_class[there]
    rows, members = len(numbers), int(is_class.sum())
    if rows < _LEAST or min(members, rows - members) < _GAIN * rows:
        return 0.0
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    below = np.cumsum(is_class[order])  # members up to each row
    ends = np.append(ordered[1:] != ordered[:-1], True)  # a line lies between different numbers
    up_to = np.arange(1, rows + 1)
    right = below + (rows - up_to) - (members - below)  # members below the line, others above it
    return float(max(right[ends].max(), (rows - right[ends]).max()) / rows)


def _held(texts: pa.Array, codes: Int32s, words: Sequence[str]) -> tuple[float, float]:
    """Return the share of the texts that hold their label, and that of chance."""
    held, chance = 0.0, 0.0
    for code, word in enumerate(words):
        is_own = codes == code
        if word and is_own.any():
            pattern = rf"\b{re.escape(word)}\b"
            holds = booleans(pc.match_substring_regex(texts, pattern, ignore_case=True))
            held += float((holds & is_own).mean())
            chance += float(holds.mean() * is_own.mean())
    return held, chance
