"""Scorers: they turn rows into predictions, by a model package or from another system's columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.columns.buffers import (
    Floats,
    Int64s,
    booleans,
    coded_texts,
    dictionary_codes,
    float_array,
    floats,
    missing,
    texts,
)
from pipelines.columns.spelling import canonical_text
from pipelines.features.bad_values import BadValues
from pipelines.features.mapped import Mapped
from pipelines.features.spec import FeatureSpec
from pipelines.input.faults import Faults
from pipelines.input.typed_columns import checked_text, numbers
from pipelines.input.typed_rows import features_of, take
from pipelines.job.prediction_columns import PredictionColumns
from pipelines.models.catalogue import TaskType
from pipelines.models.evaluator import Scores
from pipelines.models.package import Package
from pipelines.scoring.label_map import LabelMap
from pipelines.scoring.unknown_values import unknown_counts

UNVERSIONED = "unversioned"  # the version of predictions made elsewhere that carry none


@dataclass(frozen=True, slots=True)
class Predictions:
    """Labels, values, scores and versions of n rows."""

    labels: pa.Array  # text or coded text (n,), canonical
    values: pa.Array | None  # float64 (n,): numbers, else None
    scores: pa.Array | None  # float64 (n,): probability of the label, else None
    versions: pa.Array  # coded text (n,)
    class_scores: pa.Array | None = None  # float64 (n,): probability of the class asked for
    unknown: Mapping[str, int] = field(
        default_factory=dict
    )  # rows whose category is new, by feature
    mapped: Mapping[str, int] = field(
        default_factory=dict
    )  # rows whose text stands for a class, by that class


@dataclass(frozen=True, slots=True)
class ClassProbabilities:
    """The probabilities of K classes in n rows."""

    classes: tuple[str, ...]  # (K,), canonical
    chances: Floats  # (n, K), in [0, 1]; a row without all of them is NaN

    def by_class(self) -> list[dict[str, float] | None]:
        """Return the probabilities of each row by class: (n,), None for a row without."""
        lacking = np.isnan(self.chances.sum(axis=1))
        return [
            None if lacks else dict(zip(self.classes, row, strict=True))
            for row, lacks in zip(self.chances.tolist(), lacking.tolist(), strict=True)
        ]


class Scorer(Protocol):
    """Turns the rows of a fragment into predictions, and marks rows that cannot be scored."""

    def predict(self, rows: pa.RecordBatch, faults: Faults) -> Predictions:
        """Predict every row; predictions of rows that are marked have no meaning."""
        ...

    def probabilities(self, rows: pa.RecordBatch) -> ClassProbabilities | None:
        """Return the probability of each class in every row; None where there are none."""
        ...


class ModelScorer:
    """Scores with a model package: by the mapper of its training, then by its evaluator."""

    def __init__(
        self, package: Package, features: FeatureSpec, timezone: str, class_: str | None = None
    ) -> None:
        """Take a verified package, and the features as the job file describes them now.

        Args:
            package: holds the model and its mapper.
            features: of the job file.
            timezone: of times without one.
            class_: whose probability predictions carry; None: of no class.
        """
        self._package, self._features, self._timezone = package, features, timezone
        self._function, self._class = package.function(), class_

    def predict(self, rows: pa.RecordBatch, faults: Faults) -> Predictions:
        """Map and predict the rows that are not marked yet."""
        features = self._typed(rows, faults)
        unknown = unknown_counts(features, self._package.manifest.statistics)
        mapped = self._mapped(features, faults)
        good = faults.others(rows.num_rows)
        scores = self._package.evaluator.predict(mapped)
        lost = np.arange(rows.num_rows)[good][scores.unscorable]
        faults.mark(lost.tolist(), "no_finite_score", "")
        found = replace(self._predicted(scores, rows.num_rows, good), unknown=unknown)
        if self._class is None:
            return found
        return replace(found, class_scores=self._class_scores(mapped, rows.num_rows, good))

    def probabilities(self, rows: pa.RecordBatch) -> ClassProbabilities | None:
        """Compute the probability of each class; None where the model has none."""
        faults = Faults()
        mapped = self._mapped(self._typed(rows, faults), faults)
        found = self._package.evaluator.probabilities(mapped)
        if found is None:
            return None
        chances = np.full((rows.num_rows, found.shape[1]), np.nan)
        chances[faults.others(rows.num_rows)] = found
        labels = self._package.labels
        return ClassProbabilities(
            tuple(labels[code] for code in self._package.evaluator.classes), chances
        )

    def _class_scores(self, mapped: Mapped, rows: int, good: slice | Int64s) -> pa.Array:
        """Compute the probability of the class asked for, null in rows that are marked: (n,)."""
        found = self._package.evaluator.probabilities(mapped)
        labels = [self._package.labels[code] for code in self._package.evaluator.classes]
        if found is None or self._class not in labels:
            raise TypeError(f"the model gives no probability of {self._class!r}")
        chances = np.full(rows, np.nan)
        chances[good] = found[:, labels.index(self._class)]
        return float_array(chances, np.isnan(chances))

    def _typed(self, rows: pa.RecordBatch, faults: Faults) -> pa.RecordBatch:
        """Return the features that the user's function makes of the rows, in their types."""
        prepared = self._function(rows) if self._function else rows
        return features_of(prepared, self._features, self._timezone, faults)

    def _mapped(self, features: pa.RecordBatch, faults: Faults) -> Mapped:
        """Map the rows that are not marked; mark those that cannot be mapped."""
        while True:
            good = faults.others(features.num_rows)
            rows = features if isinstance(good, slice) else take(features, good)
            try:
                return self._package.mapper.map(rows)
            except BadValues as bad:
                places = np.arange(features.num_rows)[good][bad.rows]
                faults.mark(places.tolist(), bad.reason, bad.column)

    def _predicted(self, scores: Scores, rows: int, good: slice | Int64s) -> Predictions:
        def whole(found: npt.NDArray[Any]) -> npt.NDArray[Any]:
            full = np.zeros(rows, found.dtype)
            full[good] = found
            return full

        versions = coded_texts(np.zeros(rows), [self._package.version])
        values = None if scores.value is None else float_array(whole(scores.value))
        chances = None if scores.score is None else float_array(whole(scores.score))
        if scores.codes is None:
            return Predictions(canonical_text(values), values, None, versions)
        labels = coded_texts(whole(scores.codes), self._package.labels)
        return Predictions(labels, values, chances, versions)


class GivenPredictions:
    """Reads predictions that another system made, and checks them."""

    def __init__(
        self,
        columns: PredictionColumns,
        task: TaskType,
        class_: str | None = None,
        answers: Collection[str] = (),
    ) -> None:
        """Take the names of the columns.

        Args:
            columns: of the predictions.
            task: classes or numbers.
            class_: whose probability predictions carry; None: of no class.
            answers: the classes that people may choose.
        """
        self._columns, self._task, self._class = columns, task, class_
        self._map = LabelMap(columns.map_, answers)

    def predict(self, rows: pa.RecordBatch, faults: Faults) -> Predictions:
        """Read labels, scores and version from their columns."""
        name = self._columns.label
        values, mapped = None, dict[str, int]()
        if self._task == "regression":
            values = numbers(rows.column(name), name, faults)
            faults.mark(~np.isfinite(floats(values)), "no_prediction", name)
            labels = canonical_text(values)
        else:
            labels = canonical_text(checked_text(rows.column(name), name, faults))
            gaps = missing(labels)
            if gaps is not None:
                faults.mark(gaps, "no_prediction", name)
            labels, mapped = self._map.read(labels, name, faults)
        scores, versions = self._scores(rows, labels, faults), self._versions(rows, faults)
        class_scores = self._class_scores(rows, labels, scores, faults) if self._class else None
        return Predictions(labels, values, scores, versions, class_scores, mapped=mapped)

    def probabilities(self, rows: pa.RecordBatch) -> ClassProbabilities | None:
        """Read the probability of each class from its column; None where the job names none."""
        columns = self._columns.probabilities
        if not columns:
            return None
        faults = Faults()
        chances = np.column_stack(
            [self._chances(rows, column, faults) for column in columns.values()]
        )
        outside = ~((chances >= 0) & (chances <= 1))  # also where one is missing
        chances[outside.any(axis=1)] = np.nan
        return ClassProbabilities(tuple(columns), chances)

    def _scores(self, rows: pa.RecordBatch, labels: pa.Array, faults: Faults) -> pa.Array | None:
        theirs = self._columns
        if theirs.probabilities:
            codes, words = dictionary_codes(labels)
            chances = np.full(rows.num_rows, np.nan)
            for code, word in enumerate(words):
                if word in theirs.probabilities:
                    column = theirs.probabilities[word]
                    own = np.where(codes == code, self._chances(rows, column, faults), np.nan)
                    self._mark_out_of_range(own, column, faults)
                    chances = np.where(codes == code, own, chances)
        elif theirs.score:
            chances = self._chances(rows, theirs.score, faults)
            self._mark_out_of_range(chances, theirs.score, faults)
            if (
                theirs.score_of is not None
            ):  # the other answer has the rest, and other texts nothing
                is_of = booleans(pc.equal(labels, theirs.score_of))
                is_answer = booleans(pc.is_in(labels, value_set=texts(self._map.answers)))
                chances = np.where(is_of, chances, np.where(is_answer, 1 - chances, np.nan))
        else:
            return None
        return float_array(chances, np.isnan(chances))

    def _class_scores(
        self, rows: pa.RecordBatch, labels: pa.Array, scores: pa.Array | None, faults: Faults
    ) -> pa.Array:
        """Read the probability of the class asked for; of two classes, the label's score tells both."""
        column = self._columns.probabilities.get(self._class or "")
        if column:
            chances = self._chances(rows, column, faults)
            self._mark_out_of_range(chances, column, faults)
        else:
            own = floats(scores)
            chances = np.where(booleans(pc.equal(labels, self._class)), own, 1 - own)
        return float_array(chances, np.isnan(chances))

    def _chances(self, rows: pa.RecordBatch, name: str, faults: Faults) -> Floats:
        return floats(numbers(rows.column(name), name, faults))

    def _mark_out_of_range(self, chances: Floats, name: str, faults: Faults) -> None:
        faults.mark((chances < 0) | (chances > 1), "score_out_of_range", name)

    def _versions(self, rows: pa.RecordBatch, faults: Faults) -> pa.Array:
        name = self._columns.version
        if name is None:
            return coded_texts(np.zeros(rows.num_rows), [UNVERSIONED])
        versions = canonical_text(rows.column(name))
        gaps = missing(versions)
        if gaps is not None:
            faults.mark(gaps, "no_version", name)
        return versions.dictionary_encode()
