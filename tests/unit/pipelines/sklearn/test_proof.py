"""The proof before signing: what it compares, and that it finds what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pipelines.features.mapped import Mapped, Numbers, OneHot, Sparse
from pipelines.models.catalogue import ESTIMATORS
from pipelines.models.evaluator import layout_of
from pipelines.models.linear import LinearEvaluator
from pipelines.sklearn import train
from pipelines.sklearn.linear_arrays import as_linear
from pipelines.sklearn.matrices import concatenated
from pipelines.sklearn.proof import difference, edge_rows, edge_values
from pipelines.sklearn.training import Trained

MakeMapped = Callable[..., Mapped]
MakeTargets = Callable[[Mapped, int], np.ndarray]


def pair(name: str, mapped: Mapped, targets: np.ndarray) -> tuple[LinearEvaluator, Trained]:
    trained = train(ESTIMATORS[name], {}, [mapped], targets, seed="a")
    linear = as_linear(trained, layout_of(mapped))
    assert linear is not None
    return linear, trained


@pytest.mark.parametrize("name,classes", [("Ridge", 1), ("LogisticRegression", 3)])
def test_equal_models_do_not_differ(
    name: str, classes: int, make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(200, text=True)
    linear, trained = pair(name, mapped, make_targets(mapped, classes))

    assert difference(linear, trained, mapped) is None
    assert difference(linear, trained, concatenated(edge_rows(mapped))) is None


@pytest.mark.parametrize("name,classes", [("Ridge", 1), ("LogisticRegression", 2)])
@pytest.mark.parametrize("column", range(10))
def test_any_weight_that_is_off_is_found(
    name: str, classes: int, column: int, make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    """Also of a category that the hold-out never has: the edges try every code."""
    mapped = make_mapped(200)
    linear, trained = pair(name, mapped, make_targets(mapped, classes))
    weights = linear.coefficients.copy()
    weights[0, column % weights.shape[1]] += 1e-8

    found = difference(
        replace(linear, coefficients=weights), trained, concatenated(edge_rows(mapped))
    )

    assert found is not None
    assert "differ" in found


def test_labels_that_differ_are_found(make_mapped: MakeMapped, make_targets: MakeTargets) -> None:
    mapped = make_mapped(200)
    linear, trained = pair("LinearSVC", mapped, make_targets(mapped, 2))

    found = difference(replace(linear, intercepts=-linear.intercepts - 1.0), trained, mapped)

    assert found is not None
    assert "labels differ" in found


def test_a_tie_may_fall_either_way() -> None:
    """scikit-learn's own label flips there with the number of rows in a call."""
    rows = Mapped(2, (OneHot("a", np.array([0, 1], np.int32), 2),))
    linear, trained = pair("LogisticRegression", rows, np.array([0, 1], np.int32))
    trained.estimator.coef_[:] = 0.0
    trained.estimator.intercept_[:] = 1e-17
    tied = replace(linear, coefficients=np.zeros((1, 2)), intercepts=np.array([-1e-17]))

    assert difference(tied, trained, rows) is None


def test_a_row_beyond_all_numbers_proves_nothing(
    make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    """Where scikit-learn's decision overflows too, no answer is the right answer."""
    mapped = make_mapped(50)
    linear, trained = pair("LogisticRegression", mapped, make_targets(mapped, 2))
    first = mapped.columns[0]
    assert isinstance(first, Numbers)
    huge = Mapped(50, (Numbers("x0", np.full(50, 1.7e308)), *mapped.columns[1:]))

    assert difference(linear, trained, huge) is None


def test_edges_try_each_column_alone(make_mapped: MakeMapped) -> None:
    mapped = make_mapped(20, text=True)

    edges = edge_rows(mapped)

    assert {part.rows for part in edges} == {1}
    for at, column in enumerate(mapped.columns):
        others = [part for part in edges if part.columns[at] is not edges[0].columns[at]]
        assert len(others) >= 2, column.name
    codes = {int(c.codes[0]) for part in edges for c in part.columns if isinstance(c, OneHot)}
    assert codes == {0, 1, 2, 3}
    terms = {len(c.indices) for part in edges for c in part.columns if isinstance(c, Sparse)}
    assert {0, 1} <= terms


def test_edge_values_include_the_neighbours_of_the_extremes() -> None:
    found = edge_values(np.array([0.1, 0.7])).tolist()

    assert {0.1, 0.7, np.nextafter(0.1, 0), np.nextafter(0.7, 1), 1e39, 5e-324} <= set(found)
    assert float(np.nextafter(np.float32(0.7), np.float32(1))) in found
