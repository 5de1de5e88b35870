"""The features of a job as a scikit-learn transformer, for notebooks and pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from pipelines.columns.buffers import texts
from pipelines.features.analysis import Statistics
from pipelines.features.bad_values import BadValues
from pipelines.features.mapper import Mapper
from pipelines.features.spec import FeatureSpec, Image
from pipelines.identity.ids import keyed_hashes
from pipelines.input.faults import Faults
from pipelines.input.pictures import with_pictures
from pipelines.input.typed_rows import features_of
from pipelines.sklearn.matrices import Matrix, stacked

_PORTION: Final = 65_536  # rows, as in a fragment


class FeatureTransformer(TransformerMixin, BaseEstimator):
    """Fits and maps the features of a job, by the code that fits and scores it.

    Args:
        columns: the features by column, as below `[features.columns]` of a job
            file; their order is that of the matrix.
        timezone: where a date's day begins.
        function: the user's function that runs first, if there is one.
        folder: where relative paths of pictures begin.

    >>> rows = pd.DataFrame({"age": [20.0, None, 40.0], "sex": ["f", "m", "f"]})
    >>> columns = {"age": {"kind": "numeric"}, "sex": {"kind": "categorical"}}
    >>> transformer = FeatureTransformer(columns)
    >>> transformer.fit_transform(rows).round(2).tolist()
    [[-1.22, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.22, 1.0, 0.0, 0.0]]
    >>> transformer.get_feature_names_out().tolist()
    ['age', 'sex=f', 'sex=m', 'sex is unknown']
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        *,
        timezone: str = "UTC",
        function: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None,
        folder: str | Path = ".",
    ) -> None:
        self.columns = columns
        self.timezone = timezone
        self.function = function
        self.folder = folder

    def fit(
        self, X: pa.Table | pa.RecordBatch | pd.DataFrame, y: object = None
    ) -> FeatureTransformer:
        """Learn means, vocabularies and the like from all rows; `y` is not used.

        Raises:
            SchemaMismatch: a column is missing, or of another kind.
            ValueError: some rows cannot be used; the message says which and why.
        """
        del y
        spec = FeatureSpec(columns=dict(self.columns))
        statistics = Statistics(spec)
        seen = statistics.create()
        for first, batch in self._typed(X, spec):
            hashes = keyed_hashes("", "fit", "", texts(map(str, range(first, first + len(batch)))))
            with _told(first):
                seen = statistics.add(seen, batch, hashes, (0, first))
        self.statistics_ = statistics.result(seen)
        self.mapper_ = Mapper(spec, self.statistics_)
        self.n_features_in_ = len(spec.columns)
        return self

    def transform(self, X: pa.Table | pa.RecordBatch | pd.DataFrame) -> Matrix:
        """Return the matrix (n, width): an array, or sparse rows where a text is a feature.

        Raises:
            SchemaMismatch, ValueError: as `fit`.
        """
        check_is_fitted(self)
        spec = FeatureSpec(columns=dict(self.columns))
        mapped = []
        for first, batch in self._typed(X, spec):
            with _told(first):
                mapped.append(self.mapper_.map(batch))
        return stacked(mapped)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the name of each column of the matrix (width,)."""
        del input_features
        check_is_fitted(self)
        return np.array(self.mapper_.names, dtype=object)

    def _typed(
        self, X: pa.Table | pa.RecordBatch | pd.DataFrame, spec: FeatureSpec
    ) -> list[tuple[int, pa.RecordBatch]]:
        """Convert the feature columns in portions; each comes with the number of its first row."""
        pictures = [name for name, one in spec.columns.items() if isinstance(one, Image)]
        table = _table(X)
        portions = []
        for first in range(0, max(table.num_rows, 1), _PORTION):
            rows = table.slice(first, _PORTION).combine_chunks()
            batch = rows.to_batches()[0] if rows.num_rows else _empty(rows.schema)
            faults = Faults()
            batch = with_pictures(batch, pictures, Path(self.folder), faults)
            batch = batch if self.function is None else self.function(batch)
            portions.append((first, features_of(batch, spec, self.timezone, faults)))
            for row, (reason, column) in sorted(faults.reasons.items())[:1]:
                raise _unusable(first + row, reason, column)
        return portions


@contextmanager
def _told(first: int) -> Iterator[None]:
    """Translate the row number of an error in a portion to one of the whole."""
    try:
        yield
    except BadValues as bad:
        raise _unusable(first + int(bad.rows[0]), bad.reason, bad.column) from bad


def _unusable(row: int, reason: str, column: str) -> ValueError:
    return ValueError(f"row {row} cannot be used: {reason} in {column!r}")


def _table(rows: pa.Table | pa.RecordBatch | pd.DataFrame) -> pa.Table:
    if isinstance(rows, pd.DataFrame):
        return pa.Table.from_pandas(rows, preserve_index=False)
    return pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
