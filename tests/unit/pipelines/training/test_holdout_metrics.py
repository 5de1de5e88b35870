"""What a package says of itself, against scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error, root_mean_squared_error

from pipelines.features.mapped import Mapped, Numbers
from pipelines.models.evaluator import Scores
from pipelines.training.holdout_metrics import holdout_metrics


@dataclass
class Echo:
    """Predicts the first column, as a class or as a number."""

    kind: ClassVar[str] = "echo"
    is_number: bool

    def predict(self, mapped: Mapped) -> Scores:
        [column] = mapped.columns
        assert isinstance(column, Numbers)
        if self.is_number:
            return Scores(None, None, column.values)
        return Scores(column.values.astype(np.int32), None, None)


def held(*parts: list[float]) -> list[Mapped]:
    return [Mapped(len(part), (Numbers("x", np.array(part)),)) for part in parts]


def test_classes_are_right_or_wrong() -> None:
    evaluator: Any = Echo(is_number=False)
    targets = np.array([0, 1, 1, 2], dtype=np.int32)

    found = holdout_metrics("classification", evaluator, held([0, 1], [0, 2]), targets)

    assert found == {
        "accuracy": accuracy_score(targets, [0, 1, 0, 2]),
        "largest_class": 0.5,
        "holdout_rows": 4.0,
    }


def test_numbers_are_off_by_some_amount() -> None:
    evaluator: Any = Echo(is_number=True)
    targets, predicted = np.array([1.0, 2.0, 4.0]), [1.5, 2.0, 1.0]

    found = holdout_metrics("regression", evaluator, held(predicted[:1], predicted[1:]), targets)

    assert found["mae"] == pytest.approx(mean_absolute_error(targets, predicted))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(targets, predicted))
    assert found["holdout_rows"] == 3
