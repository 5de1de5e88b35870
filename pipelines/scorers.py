"""What turns the rows of a fragment into predictions: a model package, or another system's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from pipelines import rows as raw
from pipelines.canonical import canonical_text
from pipelines.columns import coded_texts, dictionary_codes, float_array, floats
from pipelines.evaluators import Evaluator, Scores
from pipelines.jobs import Job
from pipelines.mappers import BadCells, Mapper
from pipelines.preparation import Prepare
from pipelines.rows import Faults


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a scorer says of n rows."""

    labels: pa.Array  # text or coded text (n,), canonical
    values: pa.Array | None  # float64 (n,): numbers, else None
    scores: pa.Array | None  # float64 (n,): probability of the label, else None
    versions: pa.Array  # coded text (n,)


class Scorer(Protocol):
    """Turns the rows of a fragment into predictions; marks those that it cannot use."""

    def predict(self, rows: pa.RecordBatch, faults: Faults) -> Predicted:
        """Predict every row; what is said of a marked row means nothing."""
        ...


class ModelScorer:
    """A model package at work: the same mapper as in training, then its evaluator."""

    def __init__(
        self,
        job: Job,
        version: str,
        labels: Sequence[str],
        mapper: Mapper,
        evaluator: Evaluator,
        folder: Path,
        function: Prepare | None,
    ) -> None:
        self._job, self._version, self._labels = job, version, list(labels)
        self._mapper, self._evaluator = mapper, evaluator
        self._folder, self._function = folder, function

    def predict(self, rows: pa.RecordBatch, faults: Faults) -> Predicted:
        """Map and predict the rows that are not marked yet."""
        features = raw.features_of(
            self._function(rows) if self._function else rows, self._job, self._folder, faults
        )
        while True:
            good = (
                np.array([i for i in range(rows.num_rows) if i not in faults.reasons])
                if faults.reasons
                else None
            )
            try:
                mapped = self._mapper.map(features if good is None else raw.take(features, good))
                break
            except BadCells as bad:
                marked = bad.rows if good is None else good[bad.rows]
                faults.mark(marked.tolist(), bad.reason, bad.column)
        scores = self._evaluator.predict(mapped)
        lost = np.flatnonzero(scores.unscorable)
        faults.mark((lost if good is None else good[lost]).tolist(), "no_finite_score", "")
        return self._predicted(scores, rows.num_rows, good)

    def _predicted(self, scores: Scores, rows: int, good: np.ndarray | None) -> Predicted:
        versions = coded_texts(np.zeros(rows), [self._version])
        values = None if scores.value is None else float_array(_spread(scores.value, rows, good))
        chances = None if scores.score is None else float_array(_spread(scores.score, rows, good))
        if scores.codes is None:
            assert values is not None  # a regression
            return Predicted(canonical_text(values), values, None, versions)
        labels = coded_texts(_spread(scores.codes, rows, good), self._labels)
        return Predicted(labels, values, chances, versions)


def _spread(found: np.ndarray, rows: int, good: np.ndarray | None) -> np.ndarray:
    """Results of the good rows, put where those rows are."""
    if good is None:
        return found
    full = np.zeros(rows, found.dtype)
    full[good] = found
    return full


class GivenPredictions:
    """Predictions that another system made: checked, not computed."""

    def __init__(self, job: Job) -> None:
        assert job.predictions is not None
        self._job, self._given = job, job.predictions

    def predict(self, rows: pa.RecordBatch, faults: Faults) -> Predicted:
        """Read labels, scores and version from their columns."""
        given, name = self._given, self._given.label
        values = None
        if self._job.task == "regression":
            values = raw.numbers(rows.column(name), name, faults)
            faults.mark(~np.isfinite(floats(values)), "no_prediction", name)
            labels = canonical_text(values)
        else:
            labels = canonical_text(raw.checked_text(rows.column(name), name, faults))
            faults.mark(
                [i for i, text in enumerate(labels.is_null().to_pylist()) if text]
                if labels.null_count
                else [],
                "no_prediction",
                name,
            )
        return Predicted(labels, values, self._scores(rows, labels, faults), self._versions(rows))

    def _scores(self, rows: pa.RecordBatch, labels: pa.Array, faults: Faults) -> pa.Array | None:
        given = self._given
        if given.probabilities:
            codes, words = dictionary_codes(labels)
            chances = np.full(rows.num_rows, np.nan)
            for code, word in enumerate(words):
                if word in given.probabilities:
                    column = given.probabilities[word]
                    own = floats(raw.numbers(rows.column(column), column, faults))
                    chances = np.where(codes == code, own, chances)
            name = next(iter(given.probabilities.values()))
        elif given.score:
            name = given.score
            chances = floats(raw.numbers(rows.column(name), name, faults))
        else:
            return None
        with np.errstate(invalid="ignore"):
            faults.mark((chances < 0) | (chances > 1), "score_out_of_range", name)
        return float_array(chances, np.isnan(chances))

    def _versions(self, rows: pa.RecordBatch) -> pa.Array:
        if self._given.version is None:
            return coded_texts(np.zeros(rows.num_rows), ["unversioned"])
        return canonical_text(rows.column(self._given.version)).dictionary_encode()
