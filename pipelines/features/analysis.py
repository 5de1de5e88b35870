"""One pass over the training rows, for all features at once.

`Statistics` has four verbs, `create`, `add`, `merge` and `result`, and an engine
only forwards to them. The result has the same bits in whatever order the
fragments came and were merged.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipelines.columns.buffers import Hashes
from pipelines.features.analyzers import Rows, Summary, analyzer_of
from pipelines.features.fitted import FittedStatistics
from pipelines.features.spec import FeatureSpec
from pipelines.features.summaries import Place, levels


@dataclass(slots=True)
class Accumulator:
    """The summaries of some fragments, by column. It pickles."""

    rows: int
    summaries: dict[str, Summary]


class Statistics:
    """The pass over the training rows that a spec needs.

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
        """Make an accumulator that has seen nothing."""
        return Accumulator(0, {name: one.create() for name, one in self._analyzers.items()})

    def add(
        self, seen: Accumulator, batch: pa.RecordBatch, row_hashes: Hashes, place: Place
    ) -> Accumulator:
        """Add a batch; changes and returns `seen`.

        Args:
            seen: what was seen so far.
            batch: the rows, with a column for each feature.
            row_hashes: a keyed hash of each row's key (n, 2), drawn for this
                purpose alone.
            place: number of the batch's file and of its first row therein;
                each place is added once.

        Raises:
            BadValues: some rows cannot be used; `seen` is as before.
        """
        read = {name: one.read(batch.column(name)) for name, one in self._analyzers.items()}
        hashes = row_hashes[:, 0]
        rows = Rows(hashes, levels(hashes), place)
        for name, analyzer in self._analyzers.items():
            analyzer.add(seen.summaries[name], read[name], rows)
        seen.rows += batch.num_rows
        return seen

    def merge(self, seen: Accumulator, other: Accumulator) -> Accumulator:
        """Add what the other has seen; changes and returns `seen`."""
        for name, summary in seen.summaries.items():
            summary.merge(other.summaries[name])
        seen.rows += other.rows
        return seen

    def result(self, seen: Accumulator) -> FittedStatistics:
        """Tell what was learned; the same bits for any order of the same fragments.

        Raises:
            JobInvalid: a column's numbers are too large to be scaled.
        """
        columns = {
            name: analyzer.result(seen.summaries[name])
            for name, analyzer in self._analyzers.items()
        }
        return FittedStatistics(rows=seen.rows, columns=columns)
