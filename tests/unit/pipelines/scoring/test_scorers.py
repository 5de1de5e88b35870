"""What turns rows into predictions: another system's columns, checked; a package, at work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.errors import SchemaMismatch
from pipelines.features.bad_values import BadValues
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapped import Mapped, Numbers
from pipelines.features.spec import FeatureSpec
from pipelines.input.faults import Faults
from pipelines.job.prediction_columns import PredictionColumns
from pipelines.models.catalogue import TaskType
from pipelines.models.evaluator import Scores
from pipelines.scoring.scorers import GivenPredictions, ModelScorer, Predictions


def given(
    rows: dict[str, Any],
    task: TaskType = "classification",
    **columns: Any,
) -> tuple[Predictions, dict[int, tuple[str, str]]]:
    """What becomes of rows that hold another system's predictions."""
    faults = Faults()
    scorer = GivenPredictions(PredictionColumns(label="guess", **columns), task)
    found = scorer.predict(pa.record_batch(rows), faults)
    return found, faults.reasons


def test_a_label_is_spelled_as_answers_are() -> None:
    """1 and 1.0 and "1" are one class."""
    assert given({"guess": pa.array([1.0, 2.0])})[0].labels.to_pylist() == ["1", "2"]
    assert given({"guess": ["1.0", "True"]})[0].labels.to_pylist() == ["1", "true"]


def test_a_row_without_a_label_is_told() -> None:
    assert given({"guess": ["a", None]})[1] == {1: ("no_prediction", "guess")}
    assert given({"guess": pa.array([1.0, float("nan")])})[1] == {1: ("no_prediction", "guess")}


def test_a_number_is_a_label_and_a_value() -> None:
    found, faults = given({"guess": pa.array([1.5, 2.0, None, float("inf")])}, "regression")

    assert found.labels.to_pylist()[:2] == ["1.5", "2"]
    assert found.values is not None
    assert found.values.to_pylist()[:2] == [1.5, 2.0]
    assert set(faults) == {2, 3}


def test_a_score_is_the_probability_of_the_label() -> None:
    found, faults = given({"guess": ["a"] * 4, "sure": [0.0, 1.0, None, 0.5]}, score="sure")

    assert found.scores is not None
    assert found.scores.to_pylist() == [0.0, 1.0, None, 0.5]
    assert faults == {}


@pytest.mark.parametrize("sure", [-0.01, 1.01, float("inf"), 55.0])
def test_a_score_that_is_no_probability_costs_its_row(sure: float) -> None:
    """Percentages among them."""
    _, faults = given({"guess": ["a", "a"], "sure": [0.5, sure]}, score="sure")

    assert faults == {1: ("score_out_of_range", "sure")}


def test_of_one_probability_per_class_the_labels_own_is_the_score() -> None:
    """A class without a column has no score; only the label's own must be a probability."""
    rows = {"guess": ["a", "b", "c", "a"], "pa": [0.9, 9.0, 9.0, 7.0], "pb": [0.1, 0.8, 0.0, 0.3]}

    found, faults = given(rows, probabilities={"a": "pa", "b": "pb"})

    assert found.scores is not None
    assert found.scores.to_pylist()[:3] == [0.9, 0.8, None]
    assert faults == {3: ("score_out_of_range", "pa")}


def test_probabilities_name_classes_as_people_write_them() -> None:
    """In TOML every key is text: `True` is the label of a column of truth values."""
    rows = {"guess": pa.array([True, False]), "pt": [0.9, 0.3], "pf": [0.1, 0.7]}

    found, _ = given(rows, probabilities={"True": "pt", "False": "pf"})

    assert found.scores is not None
    assert found.scores.to_pylist() == [0.9, 0.7]


def test_a_version_comes_from_its_column() -> None:
    found, faults = given({"guess": ["a", "a"], "v": ["v1", None]}, version="v")

    assert found.versions.to_pylist()[0] == "v1"
    assert faults == {1: ("no_version", "v")}


def test_without_a_column_predictions_are_unversioned() -> None:
    assert given({"guess": ["a"]})[0].versions.to_pylist() == ["unversioned"]


@pytest.mark.parametrize("held", [pa.array([[1]]), pa.array([b"x"])], ids=str)
def test_labels_that_have_no_spelling_are_told(held: pa.Array) -> None:
    with pytest.raises(SchemaMismatch):
        given({"guess": held})


@dataclass
class FakePackage:
    """Maps one column, refuses 13, cannot score 14, and answers by sign."""

    prepare: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None
    is_number: bool = False
    version: str = "v1"
    labels: tuple[str, ...] = ("minus", "none of both", "plus")
    classes: tuple[int, ...] = (2, 0)

    @property
    def manifest(self) -> FakePackage:
        return self

    @property
    def statistics(self) -> FittedStatistics:
        return FittedStatistics(rows=0, columns={})

    @property
    def mapper(self) -> FakePackage:
        return self

    @property
    def evaluator(self) -> FakePackage:
        return self

    def function(self) -> Callable[[pa.RecordBatch], pa.RecordBatch] | None:
        return self.prepare

    def map(self, rows: pa.RecordBatch) -> Mapped:
        values = np.array(rows["x"].to_pylist(), dtype=np.float64)
        refused = np.flatnonzero(values == 13)
        if len(refused):
            raise BadValues("x", refused, "unlucky")
        return Mapped(len(values), (Numbers("x", values),))

    def predict(self, mapped: Mapped) -> Scores:
        [column] = mapped.columns
        assert isinstance(column, Numbers)
        if self.is_number:
            return Scores(None, None, np.where(column.values == 14, np.nan, column.values))
        codes = np.where(column.values == 14, -1, 2 * (column.values > 0)).astype(np.int32)
        return Scores(codes, np.where(codes < 0, np.nan, 0.75), None)

    def probabilities(self, mapped: Mapped) -> np.ndarray | None:
        if self.is_number:
            return None
        codes = self.predict(mapped).codes
        plus = np.where(codes == 2, 0.75, np.where(codes == 0, 0.25, np.nan))
        return np.column_stack([plus, 1 - plus])


def scored(
    package: FakePackage, values: list[float | None], *marked: int
) -> tuple[Predictions, dict[int, tuple[str, str]]]:
    faults = Faults()
    faults.mark(marked, "before", "")
    features = FeatureSpec.model_validate({"columns": {"x": {"kind": "numeric"}}})
    scorer = ModelScorer(package, features, "UTC")  # type: ignore[arg-type]
    rows = pa.record_batch({"x": pa.array(values, pa.float64())})
    return scorer.predict(rows, faults), faults.reasons


def test_each_row_gets_its_own_answer_whatever_rows_are_left_out() -> None:
    """Marked before, refused by the mapper, or beyond what the model can score."""
    found, faults = scored(FakePackage(), [1.0, 13.0, -1.0, 14.0, 2.0, 3.0, -2.0], 4)

    labels = found.labels.to_pylist()
    assert [labels[row] for row in (0, 2, 5, 6)] == ["plus", "minus", "plus", "minus"]
    assert {row: reason for row, (reason, _) in faults.items()} == {
        1: "unlucky",
        3: "no_finite_score",
        4: "before",
    }


def test_a_number_is_its_own_label() -> None:
    found, _ = scored(FakePackage(is_number=True), [1.5, 2.0])

    assert found.labels.to_pylist() == ["1.5", "2"]
    assert found.scores is None


@pytest.mark.parametrize("is_number", [False, True])
def test_a_fragment_of_bad_rows_alone_has_no_prediction(*, is_number: bool) -> None:
    _, faults = scored(FakePackage(is_number=is_number), [13.0, 13.0])

    assert len(faults) == 2


def test_the_users_function_runs_before_the_features() -> None:
    def negated(rows: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch({"x": pa.array([-x for x in rows["x"].to_pylist()])})

    assert scored(FakePackage(negated), [1.0])[0].labels.to_pylist() == ["minus"]


def by_class(package: FakePackage, values: list[float]) -> list[dict[str, float] | None] | None:
    features = FeatureSpec.model_validate({"columns": {"x": {"kind": "numeric"}}})
    scorer = ModelScorer(package, features, "UTC")  # type: ignore[arg-type]
    found = scorer.probabilities(pa.record_batch({"x": pa.array(values, pa.float64())}))
    return found.by_class() if found else None


def test_probabilities_go_by_the_names_of_the_models_classes() -> None:
    """A row that cannot be mapped or scored has none, and costs no other row its own."""
    assert by_class(FakePackage(), [1.0, 13.0, 14.0, -1.0]) == [
        {"plus": 0.75, "minus": 0.25},
        None,
        None,
        {"plus": 0.25, "minus": 0.75},
    ]


def test_numbers_have_no_probabilities() -> None:
    assert by_class(FakePackage(is_number=True), [1.0]) is None


def test_the_users_function_runs_before_probabilities_too() -> None:
    def negated(rows: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch({"x": pa.array([-x for x in rows["x"].to_pylist()])})

    assert by_class(FakePackage(negated), [1.0]) == [{"plus": 0.25, "minus": 0.75}]


def test_another_systems_probabilities_are_read_from_their_columns() -> None:
    """All of a row's, or none: one that is missing or no probability spoils the others."""
    rows = {"guess": ["a"] * 4, "pa": [0.9, None, 0.5, 1.0], "pb": [0.1, 0.4, 1.5, 0.0]}
    columns = PredictionColumns(label="guess", probabilities={"a": "pa", "b": "pb"})

    found = GivenPredictions(columns, "classification").probabilities(pa.record_batch(rows))

    assert found is not None
    assert found.by_class() == [{"a": 0.9, "b": 0.1}, None, None, {"a": 1.0, "b": 0.0}]


def test_another_system_may_give_no_probabilities() -> None:
    scorer = GivenPredictions(PredictionColumns(label="guess", score="sure"), "classification")

    assert scorer.probabilities(pa.record_batch({"guess": ["a"], "sure": [0.5]})) is None


def class_scores(rows: dict[str, Any], class_: str, **columns: Any) -> list[float | None]:
    """The probability of a class, by another system's columns."""
    scorer = GivenPredictions(PredictionColumns(label="guess", **columns), "classification", class_)
    found = scorer.predict(pa.record_batch(rows), Faults())
    assert found.class_scores is not None
    return [None if one is None else round(one, 9) for one in found.class_scores.to_pylist()]


def test_a_class_has_the_probability_of_its_column_whatever_the_label() -> None:
    rows = {"guess": ["a", "b", "a"], "pa": [0.9, 0.2, None], "pb": [0.1, 0.8, 0.5]}

    assert class_scores(rows, "a", probabilities={"a": "pa", "b": "pb"}) == [0.9, 0.2, None]


def test_of_two_classes_the_score_of_the_label_tells_both() -> None:
    rows = {"guess": ["a", "b", "b"], "sure": [0.9, 0.7, None]}

    assert class_scores(rows, "a", score="sure") == [0.9, 0.3, None]


def test_a_probability_of_the_class_that_is_none_costs_its_row() -> None:
    faults = Faults()
    columns = PredictionColumns(label="guess", probabilities={"a": "pa"})

    GivenPredictions(columns, "classification", "a").predict(
        pa.record_batch({"guess": ["b", "b"], "pa": [0.5, 5.0]}), faults
    )

    assert faults.reasons == {1: ("score_out_of_range", "pa")}


def test_predictions_carry_no_class_unless_asked() -> None:
    assert given({"guess": ["a"], "sure": [0.5]}, score="sure")[0].class_scores is None


def test_a_model_gives_the_probability_of_the_class_in_every_row_that_it_scores() -> None:
    features = FeatureSpec.model_validate({"columns": {"x": {"kind": "numeric"}}})
    scorer = ModelScorer(FakePackage(), features, "UTC", "minus")  # type: ignore[arg-type]

    found = scorer.predict(pa.record_batch({"x": [1.0, 13.0, -1.0]}), Faults())

    assert found.class_scores is not None
    assert found.class_scores.to_pylist() == [0.25, None, 0.75]


def test_a_score_of_one_class_is_the_rest_where_the_other_is_predicted() -> None:
    columns = PredictionColumns(label="guess", score="p", score_of="a")
    rows = pa.record_batch({"guess": ["a", "b", "c"], "p": [0.75, 0.25, 0.25]})

    found = GivenPredictions(columns, "classification", None, ["a", "b"]).predict(rows, Faults())

    assert found.scores is not None
    assert found.scores.to_pylist() == [0.75, 0.75, None]
