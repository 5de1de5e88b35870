"""Every listed estimator: fitted, packaged, taken apart, put together, and equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from pipelines.errors import EstimatorRefused
from pipelines.features.mapped import Mapped
from pipelines.models.catalogue import ESTIMATORS
from pipelines.models.evaluator import Scores, load_evaluator
from pipelines.models.linear import LinearEvaluator
from pipelines.sklearn import package_evaluator, packaging, persistence, train
from pipelines.sklearn.linear_arrays import as_linear
from pipelines.sklearn.matrices import matrix_of, taken
from pipelines.sklearn.training import Trained

MakeMapped = Callable[..., Mapped]
MakeTargets = Callable[[Mapped, int], np.ndarray]

SMALL = {"n_estimators": 5, "max_iter": 50, "hidden_layer_sizes": [8]}
OPTIONS: list[tuple[str, dict[str, object], int]] = [
    ("LogisticRegression", {"solver": "liblinear"}, 2),
    ("LogisticRegression", {"fit_intercept": False}, 3),
    ("SGDClassifier", {"loss": "log_loss"}, 2),
    ("SGDClassifier", {"loss": "log_loss"}, 3),
    ("SGDClassifier", {"loss": "modified_huber"}, 2),
    ("SGDClassifier", {"loss": "modified_huber", "average": True}, 3),
    ("RidgeClassifier", {"fit_intercept": False}, 2),
    ("LinearSVC", {"fit_intercept": False}, 3),
    ("MultinomialNB", {"fit_prior": False}, 3),
    ("ComplementNB", {"norm": True}, 3),
    ("SVC", {"kernel": "linear"}, 2),
    ("SVC", {"break_ties": True}, 3),
    ("KNeighborsClassifier", {"weights": "distance", "algorithm": "ball_tree"}, 3),
    ("KNeighborsClassifier", {"p": 1}, 2),
    ("KNeighborsRegressor", {"p": 3}, 1),
    ("DecisionTreeClassifier", {"class_weight": "balanced", "splitter": "random"}, 3),
    ("RandomForestClassifier", {"max_samples": 0.5, "criterion": "entropy"}, 2),
    ("GradientBoostingClassifier", {"loss": "exponential"}, 2),
    ("GradientBoostingClassifier", {"subsample": 0.5, "n_iter_no_change": 2}, 3),
    ("GradientBoostingRegressor", {"loss": "squared_error"}, 1),
    ("GradientBoostingRegressor", {"loss": "absolute_error"}, 1),
    ("GradientBoostingRegressor", {"loss": "huber"}, 1),
    ("GradientBoostingRegressor", {"loss": "quantile"}, 1),
    ("HistGradientBoostingClassifier", {"early_stopping": True}, 2),
    ("HistGradientBoostingRegressor", {"loss": "absolute_error"}, 1),
    ("HistGradientBoostingRegressor", {"loss": "quantile", "quantile": 0.9}, 1),
    ("MLPClassifier", {"solver": "sgd"}, 2),
    ("MLPClassifier", {"solver": "lbfgs"}, 2),
    ("MLPRegressor", {"early_stopping": True, "activation": "tanh"}, 1),
    ("SGDRegressor", {"loss": "huber", "average": True}, 1),
    ("LinearRegression", {"positive": True}, 1),
]


def cases() -> Iterator[tuple[str, dict[str, object], int, bool]]:
    for name, entry in ESTIMATORS.items():
        small = {key: value for key, value in SMALL.items() if key in entry.parameters}
        for classes in (1,) if entry.task == "regression" else (2, 3):
            for text in (False, True) if entry.reads_sparse else (False,):
                yield name, small, classes, text
    for name, options, classes in OPTIONS:
        small = {key: value for key, value in SMALL.items() if key in ESTIMATORS[name].parameters}
        yield name, {**small, **options}, classes, False


def fit(name: str, parameters: dict[str, object], mapped: Mapped, targets: np.ndarray) -> Trained:
    return train(ESTIMATORS[name], parameters, [mapped], targets, seed="a")


def said_by_scikit_learn(trained: Trained, mapped: Mapped) -> tuple[np.ndarray, np.ndarray | None]:
    values = matrix_of(mapped)
    predicted = trained.estimator.predict(values)
    if not hasattr(trained.estimator, "predict_proba"):
        return predicted, None
    return predicted, trained.estimator.predict_proba(values).max(axis=1)


def assert_equal(scores: Scores, predicted: np.ndarray, probability: np.ndarray | None) -> None:
    if scores.value is not None:
        assert scores.value == pytest.approx(predicted, rel=1e-12, abs=1e-12)
        return
    np.testing.assert_array_equal(scores.codes, predicted)
    assert (scores.score is None) == (probability is None)
    if scores.score is not None:
        assert scores.score == pytest.approx(probability, rel=0, abs=1e-12)


@pytest.mark.parametrize("name,parameters,classes,text", list(cases()))
def test_an_estimator_comes_out_of_its_package_as_it_went_in(
    name: str,
    parameters: dict[str, object],
    classes: int,
    *,
    text: bool,
    make_mapped: MakeMapped,
    make_targets: MakeTargets,
) -> None:
    positive = not ESTIMATORS[name].negative_features
    mapped = make_mapped(200, text=text, positive=positive)
    unseen = make_mapped(100, seed=5, text=text, positive=positive)
    trained = fit(name, parameters, mapped, make_targets(mapped, classes))

    packaged = package_evaluator(trained, [make_mapped(60, seed=4, text=text, positive=positive)])
    before = packaged.evaluator
    after = load_evaluator(before.kind, before.config(), before.files())

    assert_equal(after.predict(unseen), *said_by_scikit_learn(trained, unseen))


LINEAR: list[tuple[str, dict[str, object], int]] = [
    ("LogisticRegression", {}, 3),
    ("RidgeClassifier", {}, 3),
    ("SGDClassifier", {"loss": "log_loss"}, 3),
    ("Perceptron", {}, 2),
    ("LinearSVC", {}, 2),
    ("MultinomialNB", {}, 3),
    ("ComplementNB", {}, 2),
    ("LinearRegression", {}, 1),
    ("Ridge", {}, 1),
    ("Lasso", {"alpha": 0.01}, 1),
    ("ElasticNet", {"alpha": 0.01}, 1),
    ("SGDRegressor", {}, 1),
    ("LinearSVR", {}, 1),
]


@pytest.mark.parametrize("name,parameters,classes", LINEAR)
def test_linear_models_travel_as_plain_arrays(
    name: str,
    parameters: dict[str, object],
    classes: int,
    make_mapped: MakeMapped,
    make_targets: MakeTargets,
) -> None:
    mapped = make_mapped(200, text=True, positive=True)

    packaged = package_evaluator(
        fit(name, parameters, mapped, make_targets(mapped, classes)), [mapped]
    )

    assert packaged.evaluator.kind == "linear"
    assert packaged.reason.startswith("equal to scikit-learn on ")


@pytest.mark.parametrize("name", ["LogisticRegression", "GaussianNB", "RandomForestClassifier"])
def test_a_class_that_training_never_saw_keeps_its_code_free(
    name: str, make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    """Codes are places in the label set of the job, not in what training happened to hold."""
    mapped = make_mapped(200)
    targets = np.array([0, 2, 5], dtype=np.int32)[make_targets(mapped, 3)]

    packaged = package_evaluator(fit(name, {}, mapped, targets), [mapped])

    codes = packaged.evaluator.predict(mapped).codes
    assert codes is not None
    assert set(codes.tolist()) == {0, 2, 5}


def test_plain_arrays_that_differ_are_not_used(
    make_mapped: MakeMapped, make_targets: MakeTargets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof, not the class name, decides."""
    mapped = make_mapped(200)
    trained = fit("LogisticRegression", {}, mapped, make_targets(mapped, 2))

    def wrong(*arguments: object) -> LinearEvaluator:
        made = as_linear(*arguments)  # type: ignore[arg-type]
        assert made is not None
        return replace(made, intercepts=made.intercepts + 1e-9)

    monkeypatch.setattr(packaging, "as_linear", wrong)

    packaged = package_evaluator(trained, [mapped])

    assert packaged.evaluator.kind == "library"
    assert "not equal" in packaged.reason


def test_an_estimator_that_travels_badly_is_refused(
    make_mapped: MakeMapped, make_targets: MakeTargets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one bit in what comes out of the package, whatever the reason."""
    mapped = make_mapped(200)
    trained = fit("GaussianNB", {}, mapped, make_targets(mapped, 2))
    right = persistence.loads

    def loads(data: bytes, name: str) -> GaussianNB:
        estimator = right(data, name)
        estimator.theta_[0, 0] += 1e-9
        return estimator

    monkeypatch.setattr(persistence, "loads", loads)

    with pytest.raises(EstimatorRefused, match="does not come out of a package as it went in"):
        package_evaluator(trained, [mapped])


def test_a_model_that_diverged_is_refused(make_mapped: MakeMapped) -> None:
    """Weights that are no numbers would answer no row at all."""
    trained = fit("SGDRegressor", {"max_iter": 5}, make_mapped(50), np.arange(50.0))
    trained.estimator.coef_[:] = np.nan

    with pytest.raises(EstimatorRefused, match="diverged"):
        package_evaluator(trained, [make_mapped(50)])


def test_without_a_row_nothing_can_be_proven(
    make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(50)
    trained = fit("Ridge", {}, mapped, make_targets(mapped, 1))

    with pytest.raises(EstimatorRefused, match="no row to compare"):
        package_evaluator(trained, [taken(mapped, np.empty(0, np.int64))])
