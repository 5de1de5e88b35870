"""The pass over the training rows that learns the statistics of all features.

`Statistics` has four verbs, `create`, `add`, `merge` and `result`, and an engine
only forwards to them. The result has the same bits in whatever order the
fragments were added and merged.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipelines.columns.buffers import Hashes
from pipelines.features.analyzers import Summary, analyzer_of
from pipelines.features.fitted import FittedStatistics
from pipelines.features.spec import FeatureSpec
from pipelines.features.summaries import Position, Rows, levels


@dataclass(slots=True)
class Accumulator:
    """The summaries of some fragments, by column. It pickles."""

    rows: int
    summaries: dict[str, Summary]


class Statistics:
    """The statistics that the features of a spec need from the training rows.

    Args:
        spec: the features.

    >>> import numpy as np
    >>> from pipelines.columns.buffers import float_array
    >>> from pipelines.features.spec import Numeric
    >>> statistics = Statistics(FeatureSpec(columns={"age": Numeric()}))
    >>> batch = pa.record_batch([float_array([20.0, 40.0])], names=["age"])
    >>> hashes = np.array([[1, 0], [2, 0]], np.uint64)
    >>> seen = statistics.add(statistics.create(), batch, hashes, (0, 0))
    >>> statistics.result(seen).columns["age"].mean
    30.0
    """

    def __init__(self, spec: FeatureSpec) -> None:
        self._analyzers = {
            name: analyzer_of(name, feature) for name, feature in spec.columns.items()
        }

    def create(self) -> Accumulator:
        """Make an empty accumulator."""
        return Accumulator(
            0, {name: analyzer.create() for name, analyzer in self._analyzers.items()}
        )

    def add(
        self, seen: Accumulator, batch: pa.RecordBatch, row_hashes: Hashes, position: Position
    ) -> Accumulator:
        """Add a batch to an accumulator.

        Args:
            seen: the accumulator, which is changed.
            batch: the rows, with a column for each feature.
            row_hashes: a keyed hash of each row's key (n, 2), drawn for this
                purpose alone.
            position: the number of the batch's file, and that of its first row
                in the file. No position may be added twice.

        Returns:
            `seen`.

        Raises:
            BadValues: some rows cannot be used; `seen` is unchanged.
        """
        read = {
            name: analyzer.read(batch.column(name)) for name, analyzer in self._analyzers.items()
        }
        hashes = row_hashes[:, 0]
        rows = Rows(hashes, levels(hashes), position)
        for name, analyzer in self._analyzers.items():
            analyzer.add(seen.summaries[name], read[name], rows)
        seen.rows += batch.num_rows
        return seen

    def merge(self, seen: Accumulator, other: Accumulator) -> Accumulator:
        """Add the rows of another accumulator to `seen`, and return it."""
        for name, summary in seen.summaries.items():
            summary.merge(other.summaries[name])
        seen.rows += other.rows
        return seen

    def result(self, seen: Accumulator) -> FittedStatistics:
        """Compute the statistics: the same bits for any order of the same fragments.

        Raises:
            JobInvalid: a column's numbers are too large to be scaled.
        """
        columns = {
            name: analyzer.result(seen.summaries[name])
            for name, analyzer in self._analyzers.items()
        }
        return FittedStatistics(rows=seen.rows, columns=columns)
