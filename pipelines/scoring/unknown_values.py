"""Values of categories that training did not know: they count as `unknown`, each like the other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import booleans, dictionary_codes, texts
from pipelines.features.fitted import FittedCategorical, FittedStatistics


def unknown_counts(features: pa.RecordBatch, fitted: FittedStatistics) -> dict[str, int]:
    """Count the rows whose value of a category is in no vocabulary; null is a value of its own.

    Args:
        features: typed features (n).
        fitted: what they learned.

    Returns:
        The number of rows by feature, without those that have none.
    """
    counts = {}
    for name, learned in fitted.columns.items():
        if isinstance(learned, FittedCategorical):
            codes, words = dictionary_codes(features.column(name))
            is_known = booleans(pc.is_in(texts(words), value_set=texts(learned.values)))
            counts[name] = int((~np.append(is_known, True)[codes]).sum())
    return {name: count for name, count in counts.items() if count}


def unknown_in_training(fitted: FittedStatistics) -> dict[str, float]:
    """Return the share of the training rows whose value of a category is in no vocabulary."""
    return {
        name: 1 - sum(learned.counts) / fitted.rows
        for name, learned in fitted.columns.items()
        if isinstance(learned, FittedCategorical) and fitted.rows
    }
