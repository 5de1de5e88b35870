"""The mapper: from a batch to the columns of its feature matrix, row by row.

Training and scoring call the same mapper. A row's numbers depend on that row
alone: only elementwise operations are used, sums within a row run in a fixed
order, and no matrix product is taken. So a batch of one row and one of 65,536
give equal bits.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.features.column_mappers import column_mapper, is_scaled
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapped import Mapped
from pipelines.features.spec import FeatureSpec


class Mapper:
    """Maps batches to numbers with the statistics of the training rows.

    Args:
        spec: the features, in the order of the matrix.
        fitted: what `Statistics` of the same spec learned.

    >>> from pipelines.columns.buffers import texts
    >>> from pipelines.features.spec import Categorical
    >>> from pipelines.features.fitted import FittedCategorical
    >>> spec = FeatureSpec(columns={"carrier": Categorical()})
    >>> learned = FittedCategorical(values=("AA", "UA"), counts=(5, 3), share=1)
    >>> fitted = FittedStatistics(rows=8, columns={"carrier": learned})
    >>> mapper = Mapper(spec, fitted)
    >>> batch = pa.record_batch([texts(["UA", "XX"])], names=["carrier"])
    >>> mapper.map(batch).columns[0].codes.tolist()
    [1, 2]
    >>> mapper.names
    ['carrier=AA', 'carrier=UA', 'carrier is unknown']
    """

    def __init__(self, spec: FeatureSpec, fitted: FittedStatistics) -> None:
        self._mappers = {
            name: column_mapper(name, feature, fitted.columns[name])
            for name, feature in spec.columns.items()
        }
        self._scaled = sum(is_scaled(feature) for feature in spec.columns.values())

    def map(self, batch: pa.RecordBatch) -> Mapped:
        """Map a batch of n rows; it may have other columns too.

        Raises:
            BadValues: some rows cannot be mapped. Leave them out and map the rest
                again, until none is left that cannot.
        """
        # One block for all numbers: the allocator gives many middle-sized arrays back to the
        # system after each batch, and touching fresh pages takes longer than the arithmetic.
        room = iter(np.empty((self._scaled, batch.num_rows)))
        columns = [
            column
            for name, mapper in self._mappers.items()
            for column in mapper.map(batch.column(name), room)
        ]
        return Mapped(batch.num_rows, tuple(columns))

    @property
    def names(self) -> list[str]:
        """The names of the matrix columns (width,)."""
        return [name for mapper in self._mappers.values() for name in mapper.names()]
