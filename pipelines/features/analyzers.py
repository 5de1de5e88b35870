"""Analyzers: how each kind of feature learns its statistics from the training rows.

Categories and words are learned in `vocabularies`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Bools, Bytes, Floats, Int64s, missing
from pipelines.errors import JobInvalid
from pipelines.features.bad_values import numbers
from pipelines.features.calendar_parts import COUNT, FIRST, local_times, part_values
from pipelines.features.fitted import Fitted, FittedDate, FittedImage, FittedNumeric
from pipelines.features.pixels import pixel_count, pixels
from pipelines.features.spec import Categorical, Date, DatePart, Feature, Image, Numeric, Text
from pipelines.features.summaries import Moments, Rows, RowSample, Tally
from pipelines.features.vocabularies import text_analyzer


class Summary(Protocol):
    """The mergeable summary of one column."""

    def merge(self, other: Any) -> None:
        """Add the rows of another summary."""


class Analyzer(Protocol):
    """What one feature does in the pass: `read` may refuse rows, `add` may not."""

    def create(self) -> Summary:
        """Make an empty summary."""

    def read(self, column: pa.Array) -> Any:
        """Take what is needed from a column (n,); raises BadValues where a row cannot be used."""

    def add(self, summary: Any, read: Any, rows: Rows) -> None:
        """Add a batch to a summary.

        Args:
            summary: from `create`; it is changed.
            read: from `read`.
            rows: the rows (n,) that were read.
        """

    def result(self, summary: Any) -> Fitted:
        """Compute the statistics of all rows that were added."""


def analyzer_of(name: str, feature: Feature) -> Analyzer:
    """Return the analyzer of a feature."""
    match feature:
        case Numeric():
            return _NumericAnalyzer(name, feature)
        case Categorical() | Text():
            return text_analyzer(feature)
        case Date():
            return _DateAnalyzer(feature)
        case Image():
            return _ImageAnalyzer(name, feature)


@dataclass(slots=True)
class _NumericSummary:
    moments: Moments = field(default_factory=Moments)
    sample: RowSample = field(default_factory=RowSample)

    def merge(self, other: _NumericSummary) -> None:
        self.moments.merge(other.moments)
        self.sample.merge(other.sample)


@dataclass(frozen=True, slots=True)
class _NumericAnalyzer:
    name: str
    feature: Numeric

    def create(self) -> _NumericSummary:
        return _NumericSummary()

    def read(self, column: pa.Array) -> tuple[Floats, Bools | None]:
        return numbers(self.name, column)

    def add(self, summary: _NumericSummary, read: tuple[Floats, Bools | None], rows: Rows) -> None:
        values, gaps = read
        hashes = rows.hashes
        if gaps is not None:
            values, hashes = values[~gaps], hashes[~gaps]
        summary.moments.add(values, missing=len(rows.hashes) - len(values), position=rows.position)
        if self.feature.bins or self.feature.impute == "median":
            summary.sample.add(hashes, values)

    def result(self, summary: _NumericSummary) -> FittedNumeric:
        moments, present = summary.moments, summary.moments.count > 0
        fill = self._fill(summary) if present else self.feature.fill
        mean, deviation = self._scale(moments, fill) if present else (0.0, 1.0)
        if not (math.isfinite(fill) and math.isfinite(mean) and math.isfinite(deviation)):
            raise JobInvalid(
                f"column {self.name!r} holds numbers too large to take a mean of",
                fix=f"set minimum and maximum in [features.columns] for {self.name!r}, or bins",
            )
        return FittedNumeric(
            count=moments.count,
            missing=moments.missing,
            minimum=moments.minimum if present else None,
            maximum=moments.maximum if present else None,
            fill=fill,
            mean=mean,
            deviation=deviation,
            edges=self._edges(summary.sample) if present else (),
            rank_error=summary.sample.rank_error,
        )

    def _fill(self, summary: _NumericSummary) -> float:
        if self.feature.impute == "median":
            return summary.sample.quantiles([0.5])[0]
        return summary.moments.mean if self.feature.impute == "mean" else self.feature.fill

    def _scale(self, moments: Moments, fill: float) -> tuple[float, float]:
        """Return mean and standard deviation of the column once its gaps are filled."""
        if self.feature.bins or self.feature.scale == "none":
            return 0.0, 1.0
        share = moments.missing / (moments.count + moments.missing)
        mean = moments.mean + (fill - moments.mean) * share
        apart, filled = moments.mean - mean, fill - mean
        variance = (1 - share) * (moments.variance + apart * apart) + share * filled * filled
        return mean, math.sqrt(variance) or 1.0  # a constant column becomes 0, not a division by 0

    def _edges(self, sample: RowSample) -> tuple[float, ...]:
        bins = self.feature.bins
        if bins == 0:
            return ()
        return tuple(sorted(set(sample.quantiles([edge / bins for edge in range(1, bins)]))))


@dataclass(slots=True)
class _DateSummary:
    tallies: dict[DatePart, Tally]

    def merge(self, other: _DateSummary) -> None:
        for part, tally in self.tallies.items():
            tally.merge(other.tallies[part])


@dataclass(frozen=True, slots=True)
class _DateAnalyzer:
    feature: Date

    def create(self) -> _DateSummary:
        return _DateSummary({part: Tally(COUNT[part]) for part in self.feature.parts})

    def read(self, column: pa.Array) -> Int64s:
        gaps = missing(column)
        local = local_times(column)
        return local if gaps is None else local[~gaps]

    def add(self, summary: _DateSummary, read: Int64s, rows: Rows) -> None:
        del rows  # counts of integers do not depend on which rows they are of
        for part, tally in summary.tallies.items():
            offsets = part_values(read, part) - FIRST[part]
            tally.add(np.bincount(offsets, minlength=COUNT[part]), rows=len(read))

    def result(self, summary: _DateSummary) -> FittedDate:
        return FittedDate(
            medians={part: _median(tally) + FIRST[part] for part, tally in summary.tallies.items()}
        )


def _median(tally: Tally) -> int:
    """Return the bin of the middle row, the lower of two; 0 without rows."""
    return int(np.searchsorted(np.cumsum(tally.sums), (tally.rows + 1) // 2))


@dataclass(frozen=True, slots=True)
class _ImageAnalyzer:
    name: str
    feature: Image

    def create(self) -> Tally:
        return Tally(pixel_count(self.feature))

    def read(self, column: pa.Array) -> tuple[Bytes, int]:
        whole, gaps = pixels(self.name, column, self.feature)
        return whole, len(column) - (0 if gaps is None else int(gaps.sum()))

    def add(self, summary: Tally, read: tuple[Bytes, int], rows: Rows) -> None:
        del rows  # sums of integers do not depend on which rows they are of
        whole, pictures = read  # missing pictures are zeros
        summary.add(whole.sum(axis=0, dtype=np.int64), rows=pictures)

    def result(self, summary: Tally) -> FittedImage:
        most = 255 * max(summary.rows, 1)
        return FittedImage(fill=tuple(total / most for total in summary.sums.tolist()))
