"""Mappers of single columns: how each kind of feature becomes columns of the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.columns.buffers import (
    Bools,
    Floats,
    Int32s,
    Int64s,
    missing,
    positions,
    texts,
    with_filled,
)
from pipelines.features.bad_values import numbers, refuse
from pipelines.features.calendar_parts import FIRST, circle, local_times, part_values
from pipelines.features.fitted import (
    Fitted,
    FittedCategorical,
    FittedDate,
    FittedImage,
    FittedNumeric,
    FittedText,
)
from pipelines.features.mapped import Column, Dense, Numbers, OneHot, Sparse
from pipelines.features.pixels import pixels
from pipelines.features.spec import Categorical, Date, DatePart, Feature, Image, Numeric, Text
from pipelines.features.terms import hashed_columns, term_table, vocabulary_columns


class ColumnMapper(Protocol):
    """The mapper of one feature."""

    def map(self, column: pa.Array, room: Iterator[Floats], /) -> tuple[Column, ...]:
        """Map a column (n,); a scaled number writes its result into the next (n,) of `room`."""

    def names(self) -> list[str]:
        """Name each column of the matrix that comes out (width,)."""


def column_mapper(name: str, feature: Feature, fitted: Fitted) -> ColumnMapper:
    """Return the mapper of a feature.

    Args:
        name: the feature's column.
        feature: the feature, as the job file states it.
        fitted: what it learned from the training rows.

    Returns:
        The mapper.

    Raises:
        ValueError: the statistics are those of another kind of feature.
    """
    match feature, fitted:
        case Numeric(), FittedNumeric():
            return _NumericMapper(name, feature, fitted)
        case Categorical(), FittedCategorical():
            return _CategoricalMapper(name, feature, fitted)
        case Date(), FittedDate():
            return _DateMapper(name, feature, fitted)
        case Text(), FittedText():
            return _TextMapper(name, feature, fitted)
        case Image(), FittedImage():
            return _ImageMapper(name, feature, fitted)
    raise ValueError(f"{name!r} is a {feature.kind} feature with statistics of a {fitted.kind} one")


def is_scaled(feature: Feature) -> bool:
    """Return whether the feature is a number that is standardized."""
    return isinstance(feature, Numeric) and feature.scale == "standard" and not feature.bins


class _NumericMapper:
    def __init__(self, name: str, feature: Numeric, fitted: FittedNumeric) -> None:
        self._name, self._feature = name, feature
        self._fill, self._mean, self._deviation = (
            np.float64(number) for number in (fitted.fill, fitted.mean, fitted.deviation)
        )
        self._edges = np.array(fitted.edges, dtype=np.float64)

    def map(self, column: pa.Array, room: Iterator[Floats]) -> tuple[Column, ...]:
        values, gaps = numbers(self._name, column)
        if is_scaled(self._feature):
            main: Column = Numbers(self._name, self._scaled(values, gaps, next(room)))
        else:
            filled = _filled(values, gaps, self._fill)
            main = self._binned(filled) if self._feature.bins else Numbers(self._name, filled)
        return (main, self._indicator(gaps, len(values))) if self._feature.indicator else (main,)

    def names(self) -> list[str]:
        names = self._bin_names() if self._feature.bins else [self._name]
        return [*names, f"{self._name} is missing"] if self._feature.indicator else names

    def _scaled(self, values: Floats, gaps: Bools | None, out: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):  # below a null stands any number
            np.subtract(values, self._mean, out=out)
            out /= self._deviation
        if gaps is not None:
            np.copyto(out, (self._fill - self._mean) / self._deviation, where=gaps)
        if not np.isfinite(out).all():
            refuse(self._name, np.isinf(out), "too_large")
        return out

    def _binned(self, values: Floats) -> OneHot:
        codes = np.searchsorted(self._edges, values, side="right")
        return OneHot(self._name, codes.astype(np.int32), len(self._edges) + 1)

    def _indicator(self, gaps: Bools | None, rows: int) -> Numbers:
        values = np.zeros(rows) if gaps is None else gaps.astype(np.float64)
        return Numbers(f"{self._name} is missing", values)

    def _bin_names(self) -> list[str]:
        ends = [f"{edge:.6g}" for edge in self._edges]
        pairs = zip(["-inf", *ends], [*ends, "inf"], strict=True)
        return [f"{self._name} in [{low}, {high})" for low, high in pairs]


class _CategoricalMapper:
    def __init__(self, name: str, feature: Categorical, fitted: FittedCategorical) -> None:
        self._name, self._feature, self._values = name, feature, fitted.values
        self._vocabulary = texts(fitted.values)
        self._unknown = len(fitted.values)
        self._null = fitted.values.index(None) if None in fitted.values else self._unknown
        self._last: tuple[pa.Array, Int32s] = (self._vocabulary, self._extended(self._vocabulary))

    def map(self, column: pa.Array, _: Iterator[Floats]) -> tuple[Column, ...]:
        codes = self._codes(column)
        if self._feature.encode == "ordinal":
            return (Numbers(self._name, codes.astype(np.float64)),)
        return (OneHot(self._name, codes, self._unknown + 1),)

    def names(self) -> list[str]:
        if self._feature.encode == "ordinal":
            return [self._name]
        ends = [" is null" if value is None else f"={value}" for value in self._values]
        return [self._name + end for end in (*ends, " is unknown")]

    def _codes(self, column: pa.Array) -> Int32s:
        if not kinds.is_dictionary(column.type):
            return self._lookup(column)
        return np.take(self._table(column.dictionary), positions(column.indices), mode="wrap")

    def _table(self, dictionary: pa.Array) -> Int32s:
        """Return the code of each text of a dictionary, and last, so at index -1, that of null.

        Blocks of one file mostly share a dictionary: the last table is kept.
        """
        last_dictionary, table = self._last
        if not dictionary.equals(last_dictionary):
            table = self._extended(dictionary)
            self._last = dictionary, table
        return table

    def _extended(self, dictionary: pa.Array) -> Int32s:
        return np.append(self._lookup(dictionary), np.int32(self._null))

    def _lookup(self, column: pa.Array) -> Int32s:
        codes = positions(pc.index_in(column, value_set=self._vocabulary))
        return np.where(codes < 0, np.int32(self._unknown), codes)


class _DateMapper:
    def __init__(self, name: str, feature: Date, fitted: FittedDate) -> None:
        self._name, self._parts = name, feature.parts
        self._medians = fitted.medians
        self._circles = {
            part: circle(part) for part in feature.parts if feature.cyclic and part != "year"
        }

    def map(self, column: pa.Array, _: Iterator[Floats]) -> tuple[Column, ...]:
        gaps = missing(column)
        local = local_times(column)
        return tuple(
            made
            for part in self._parts
            for made in self._part(part, part_values(local, part), gaps)
        )

    def names(self) -> list[str]:
        return [
            f"{self._name} {part}{end}"
            for part in self._parts
            for end in ((" sine", " cosine") if part in self._circles else ("",))
        ]

    def _part(self, part: DatePart, values: Int64s, gaps: Bools | None) -> tuple[Numbers, ...]:
        name = f"{self._name} {part}"
        if part in self._circles:
            sine, cosine = (side[values - FIRST[part]] for side in self._circles[part])
            return (
                Numbers(f"{name} sine", _filled(sine, gaps, 0.0)),
                Numbers(f"{name} cosine", _filled(cosine, gaps, 0.0)),
            )
        plain = _filled(values.astype(np.float64), gaps, float(self._medians[part]))
        return (Numbers(name, (plain - 2000.0) / 10.0 if part == "year" else plain),)


def _filled(values: Floats, gaps: Bools | None, fill: float) -> Floats:
    return values if gaps is None else with_filled(values, gaps, fill)


class _TextMapper:
    def __init__(self, name: str, feature: Text, fitted: FittedText) -> None:
        self._name, self._terms, self._norm = name, fitted.terms, feature.norm
        hashed = feature.method == "hashed"
        self._size = feature.size if hashed else len(fitted.terms)
        self._columns_of = (
            hashed_columns(feature) if hashed else vocabulary_columns(feature, fitted.terms)
        )
        self._idf = np.array(fitted.idf, dtype=np.float64) if feature.idf else None

    def map(self, column: pa.Array, _: Iterator[Floats]) -> tuple[Column, ...]:
        table = term_table(column, self._columns_of, self._size)
        weights = table.counts.astype(np.float64)
        if self._idf is not None:
            weights *= self._idf[table.columns]
        if self._norm == "l2":  # bincount adds one after the other, so in the order of columns
            squares = np.bincount(table.rows, weights * weights, minlength=len(column))
            weights /= np.sqrt(squares)[table.rows]
        ends = np.cumsum(np.bincount(table.rows, minlength=len(column)))
        indptr = np.concatenate([np.zeros(1, np.int64), ends])
        indices = table.columns.astype(np.int32)
        return (Sparse(self._name, indptr, indices, weights, self._size),)

    def names(self) -> list[str]:
        terms = self._terms or [f"#{bucket}" for bucket in range(self._size)]
        return [f"{self._name} {term}" for term in terms]


class _ImageMapper:
    def __init__(self, name: str, feature: Image, fitted: FittedImage) -> None:
        self._name, self._feature = name, feature
        self._fill = np.array(fitted.fill, dtype=np.float64)

    def map(self, column: pa.Array, _: Iterator[Floats]) -> tuple[Column, ...]:
        whole, gaps = pixels(self._name, column, self._feature)
        values = whole / 255.0
        if gaps is not None:
            values[gaps] = self._fill
        return (Dense(self._name, values),)

    def names(self) -> list[str]:
        return [f"{self._name} pixel {pixel}" for pixel in range(len(self._fill))]
