"""From a batch to the columns of its matrix: pure, and row by row.

Training and scoring call the same mapper. A row's numbers depend on that row
alone: only elementwise operations are used, sums within a row run in a fixed
order, and no matrix product is taken. So a batch of one row and one of 65,536
give equal bits.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from pipelines.cells import BadCells, numbers, refuse
from pipelines.columns import Bools, Floats, Int32s, Int64s, missing, positions, texts, with_filled
from pipelines.dates import FIRST, circle, local_times, part_values
from pipelines.features import (
    Categorical,
    Date,
    DatePart,
    Feature,
    FeatureSpec,
    Image,
    Numeric,
    Text,
)
from pipelines.fitted import (
    Fitted,
    FittedCategorical,
    FittedDate,
    FittedImage,
    FittedNumeric,
    FittedStatistics,
    FittedText,
)
from pipelines.matrices import (
    Codes,
    Column,
    Dense,
    Mapped,
    Numbers,
    Sparse,
    concatenated,
    matrix,
    sparse_parts,
    taken,
)
from pipelines.pixels import pixels
from pipelines.terms import hashed_places, term_table, vocabulary_places

__all__ = [
    "BadCells",
    "Codes",
    "Column",
    "Dense",
    "Mapped",
    "Mapper",
    "Numbers",
    "Sparse",
    "concatenated",
    "matrix",
    "sparse_parts",
    "taken",
]


class Mapper:
    """Turns batches into numbers, as the training rows taught.

    Args:
        spec: the features, in the order of the matrix.
        fitted: what `Statistics` of the same spec learned.

    >>> from pipelines.columns import texts
    >>> from pipelines.fitted import FittedCategorical
    >>> spec = FeatureSpec(columns={"carrier": Categorical()})
    >>> learned = FittedCategorical(values=("AA", "UA"), counts=(5, 3), share=1)
    >>> fitted = FittedStatistics(rows=8, timezone="UTC", columns={"carrier": learned})
    >>> mapper = Mapper(spec, fitted)
    >>> batch = pa.record_batch([texts(["UA", "XX"])], names=["carrier"])
    >>> mapper.map(batch).columns[0].codes.tolist()
    [1, 2]
    >>> mapper.names
    ['carrier=AA', 'carrier=UA', 'carrier is unknown']
    """

    def __init__(self, spec: FeatureSpec, fitted: FittedStatistics) -> None:
        self._mappers = {
            name: _mapper(name, feature, fitted.columns[name], fitted.timezone)
            for name, feature in spec.columns.items()
        }

    def map(self, batch: pa.RecordBatch) -> Mapped:
        """Map a batch of n rows; it may have other columns too.

        Raises:
            BadCells: some rows cannot be mapped; set them aside and map the
                rest, as often as it takes.
        """
        columns = [
            column
            for name, mapper in self._mappers.items()
            for column in mapper.map(batch.column(name))
        ]
        return Mapped(batch.num_rows, tuple(columns))

    @property
    def names(self) -> list[str]:
        """The name of each column of the matrix (width,)."""
        return [name for mapper in self._mappers.values() for name in mapper.names()]


class _ColumnMapper(Protocol):
    def map(self, column: pa.Array) -> tuple[Column, ...]: ...
    def names(self) -> list[str]: ...


def _mapper(name: str, feature: Feature, fitted: Fitted, timezone: str) -> _ColumnMapper:
    match feature, fitted:
        case Numeric(), FittedNumeric():
            return _NumericMapper(name, feature, fitted)
        case Categorical(), FittedCategorical():
            return _CategoricalMapper(name, feature, fitted)
        case Date(), FittedDate():
            return _DateMapper(name, feature, fitted, timezone)
        case Text(), FittedText():
            return _TextMapper(name, feature, fitted)
        case Image(), FittedImage():
            return _ImageMapper(name, feature, fitted)
    raise ValueError(f"{name!r} is a {feature.kind} feature with statistics of a {fitted.kind} one")


class _NumericMapper:
    def __init__(self, name: str, feature: Numeric, fitted: FittedNumeric) -> None:
        self._name, self._feature = name, feature
        self._fill, self._mean, self._deviation = (
            np.float64(number) for number in (fitted.fill, fitted.mean, fitted.deviation)
        )
        self._edges = np.array(fitted.edges, dtype=np.float64)

    def map(self, column: pa.Array) -> tuple[Column, ...]:
        values, gaps = numbers(self._name, column)
        if gaps is not None:
            values = with_filled(values, gaps, self._fill)
        main = self._binned(values) if self._feature.bins else self._scaled(values)
        return (main, self._indicator(gaps, len(values))) if self._feature.indicator else (main,)

    def names(self) -> list[str]:
        own = self._bin_names() if self._feature.bins else [self._name]
        return [*own, f"{self._name} is missing"] if self._feature.indicator else own

    def _scaled(self, values: Floats) -> Numbers:
        if self._feature.scale == "none":
            return Numbers(self._name, values)
        with np.errstate(over="ignore"):
            scaled = values - self._mean
            scaled /= self._deviation
        if not np.isfinite(scaled).all():
            refuse(self._name, np.isinf(scaled), "too_large")
        return Numbers(self._name, scaled)

    def _binned(self, values: Floats) -> Codes:
        codes = np.searchsorted(self._edges, values, side="right")
        return Codes(self._name, codes.astype(np.int32), len(self._edges) + 1)

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

    def map(self, column: pa.Array) -> tuple[Column, ...]:
        codes = self._codes(column)
        if self._feature.encode == "ordinal":
            return (Numbers(self._name, codes.astype(np.float64)),)
        return (Codes(self._name, codes, self._unknown + 1),)

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
        """The code of each text of a dictionary, and last, so at position -1, that of null.

        Blocks of one file mostly share a dictionary: the last one is kept.
        """
        known, table = self._last
        if not dictionary.equals(known):
            table = self._extended(dictionary)
            self._last = dictionary, table
        return table

    def _extended(self, dictionary: pa.Array) -> Int32s:
        return np.append(self._lookup(dictionary), np.int32(self._null))

    def _lookup(self, column: pa.Array) -> Int32s:
        found = positions(pc.index_in(column, value_set=self._vocabulary))
        return np.where(found < 0, np.int32(self._unknown), found)


class _DateMapper:
    def __init__(self, name: str, feature: Date, fitted: FittedDate, timezone: str) -> None:
        self._name, self._parts, self._timezone = name, feature.parts, timezone
        self._medians = fitted.medians
        self._circles = {
            part: circle(part) for part in feature.parts if feature.cyclic and part != "year"
        }

    def map(self, column: pa.Array) -> tuple[Column, ...]:
        gaps = missing(column)
        local = local_times(column, self._timezone)
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
            return Numbers(f"{name} sine", _filled(sine, gaps, 0.0)), Numbers(
                f"{name} cosine", _filled(cosine, gaps, 0.0)
            )
        numbers = _filled(values.astype(np.float64), gaps, float(self._medians[part]))
        return (Numbers(name, (numbers - 2000.0) / 10.0 if part == "year" else numbers),)


def _filled(values: Floats, gaps: Bools | None, fill: float) -> Floats:
    return values if gaps is None else with_filled(values, gaps, fill)


class _TextMapper:
    def __init__(self, name: str, feature: Text, fitted: FittedText) -> None:
        self._name, self._terms, self._norm = name, fitted.terms, feature.norm
        hashed = feature.method == "hashed"
        self._size = feature.size if hashed else len(fitted.terms)
        self._places = (
            hashed_places(feature) if hashed else vocabulary_places(feature, fitted.terms)
        )
        self._idf = np.array(fitted.idf, dtype=np.float64) if feature.idf else None

    def map(self, column: pa.Array) -> tuple[Column, ...]:
        table = term_table(column, self._places, self._size)
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

    def map(self, column: pa.Array) -> tuple[Column, ...]:
        whole, gaps = pixels(self._name, column, self._feature)
        values = whole / 255.0
        if gaps is not None:
            values[gaps] = self._fill
        return (Dense(self._name, values),)

    def names(self) -> list[str]:
        return [f"{self._name} pixel {place}" for place in range(len(self._fill))]
