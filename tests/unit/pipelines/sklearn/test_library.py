"""Models that their library runs: rows that it would refuse, and what may be loaded."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info, threadpool_limits

from pipelines.errors import PackageRefused
from pipelines.features.mapped import Mapped, Numbers, Sparse
from pipelines.models.catalogue import ESTIMATORS
from pipelines.sklearn import LibraryEvaluator, package_evaluator, persistence, train
from pipelines.sklearn.matrices import taken

MakeMapped = Callable[..., Mapped]
MakeTargets = Callable[[Mapped, int], np.ndarray]
MakeEvaluator = Callable[..., LibraryEvaluator]


@pytest.fixture
def make_evaluator(make_mapped: MakeMapped, make_targets: MakeTargets) -> MakeEvaluator:
    def make(name: str, *, text: bool = False) -> LibraryEvaluator:
        mapped = make_mapped(200, text=text)
        classes = 1 if ESTIMATORS[name].task == "regression" else 2
        trained = train(ESTIMATORS[name], {}, [mapped], make_targets(mapped, classes), seed="a")
        evaluator = package_evaluator(trained, [mapped]).evaluator
        assert isinstance(evaluator, LibraryEvaluator)
        return evaluator

    return make


def with_first_number(mapped: Mapped, value: float) -> Mapped:
    first = mapped.columns[0]
    assert isinstance(first, Numbers)
    values = first.values.copy()
    values[1] = value
    return Mapped(mapped.rows, (Numbers(first.name, values), *mapped.columns[1:]))


@pytest.mark.parametrize("name", ["GaussianNB", "DecisionTreeRegressor", "SVC", "MLPRegressor"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_that_the_library_would_refuse_has_no_answer(
    name: str, value: float, make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    """One bad row must not cost the whole fragment."""
    evaluator, rows = make_evaluator(name), make_mapped(5, seed=2)

    scores = evaluator.predict(with_first_number(rows, value))

    assert scores.unscorable.tolist() == [False, True, False, False, False]
    kept = evaluator.predict(rows)
    for one, other in ((scores.codes, kept.codes), (scores.value, kept.value)):
        if one is not None and other is not None:
            np.testing.assert_array_equal(one[[0, 2, 3, 4]], other[[0, 2, 3, 4]])


@pytest.mark.parametrize(
    "name,has_answer", [("DecisionTreeRegressor", False), ("HistGradientBoostingRegressor", True)]
)
def test_1e39_is_refused_only_where_it_becomes_float32(
    name: str, *, has_answer: bool, make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    scores = make_evaluator(name).predict(with_first_number(make_mapped(3), 1e39))

    assert scores.unscorable[1] == (not has_answer)


def test_a_bad_value_in_a_text_marks_its_row(
    make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    rows = make_mapped(20, text=True)
    text = rows.columns[1]
    assert isinstance(text, Sparse)
    values = text.values.copy()
    values[0] = np.inf
    owner = int(np.flatnonzero(np.diff(text.indptr))[0])
    broken = Sparse(text.name, text.indptr, text.indices, values, text.size)

    scores = make_evaluator("BernoulliNB", text=True).predict(
        Mapped(20, (rows.columns[0], broken, *rows.columns[2:]))
    )

    assert np.flatnonzero(scores.unscorable).tolist() == [owner]


@pytest.mark.parametrize("name", ["GaussianNB", "SVC", "DecisionTreeRegressor"])
def test_no_rows_give_no_answers_of_the_right_kind(
    name: str, make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    """scikit-learn itself refuses an empty matrix."""
    evaluator, rows = make_evaluator(name), make_mapped(3)

    none, some = evaluator.predict(taken(rows, np.empty(0, np.int64))), evaluator.predict(rows)

    for field in ("codes", "score", "value"):
        assert (getattr(none, field) is None) == (getattr(some, field) is None)


class Watched:
    """An estimator that notes how it was called, and is a little too sure."""

    classes_ = np.array([0, 1])

    def __init__(self) -> None:
        self.calls: list[tuple[int, set[int]]] = []

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        threads = {pool["num_threads"] for pool in threadpool_info()}
        self.calls.append((len(values), threads))
        return np.tile([0.0, np.nextafter(1.0, 2.0)], (len(values), 1))


def test_the_library_sees_the_whole_fragment_once_and_has_one_thread(
    make_mapped: MakeMapped,
) -> None:
    """Both would change the last bits of its results."""
    watched = Watched()

    with threadpool_limits(limits=2):
        LibraryEvaluator(watched, classes=(0, 1), rounds_to_float32=False).predict(
            make_mapped(20_000)
        )

    assert watched.calls == [(20_000, {1})]


def test_a_probability_stays_within_0_and_1(make_mapped: MakeMapped) -> None:
    """Some estimators round to just above it, and a score is checked when it is stored."""
    evaluator = LibraryEvaluator(Watched(), classes=(0, 1), rounds_to_float32=False)

    score = evaluator.predict(make_mapped(3)).score

    assert score is not None
    assert score.tolist() == [1.0, 1.0, 1.0]


def test_what_only_a_fit_needs_stays_behind() -> None:
    """Random generators and optimisers: neither needed nor safe to load."""
    x = np.random.default_rng(0).normal(size=(50, 2))
    y = (x[:, 0] > 0).astype(int)
    for estimator in (
        GradientBoostingClassifier(n_estimators=2, random_state=1),
        MLPClassifier(max_iter=5000, random_state=1),
    ):
        estimator.fit(x, y)

        names = persistence._types(persistence.dumps(estimator))

        assert not [name for name in names if "random" in name.lower() or "optim" in name.lower()]
        assert estimator.random_state == 1


def test_a_type_that_the_estimator_does_not_need_is_not_built() -> None:
    """What skops might trust, and this loader does not: nothing of it is imported."""
    data = skops.io.dumps(partial(print, "built"))

    with pytest.raises(PackageRefused, match=r"functools\.partial"):
        persistence.loads(data, "GaussianNB")


def test_another_listed_estimator_is_refused(make_evaluator: MakeEvaluator) -> None:
    data = make_evaluator("GaussianNB").files()["estimator.skops"]

    with pytest.raises(PackageRefused, match=r"naive_bayes\.GaussianNB"):
        persistence.loads(data, "RandomForestClassifier")


def test_a_part_is_not_taken_for_the_whole(make_evaluator: MakeEvaluator) -> None:
    """A tree is allowed inside a forest, and is no forest."""
    data = make_evaluator("DecisionTreeRegressor").files()["estimator.skops"]

    with pytest.raises(PackageRefused, match="holds DecisionTreeRegressor"):
        persistence.loads(data, "RandomForestRegressor")


def test_a_type_hidden_in_a_renamed_node_is_found() -> None:
    """The check reads every node, whatever skops would make of it."""
    buffer = io.BytesIO(skops.io.dumps({"a": [1, (2, "x")]}))
    with zipfile.ZipFile(buffer) as archive:
        schema = json.loads(archive.read("schema.json"))
    schema["content"]["a"]["content"][1]["__module__"] = "os"
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))

    with pytest.raises(PackageRefused, match=r"os\.tuple"):
        persistence.loads(changed.getvalue(), "GaussianNB")


def test_every_allowed_type_exists() -> None:
    """A name of the list that no version of scikit-learn has would be a hole waiting."""
    named = set().union(*persistence._PARTS.values())

    for name in named:
        module, _, kind = name.rpartition(".")
        assert hasattr(importlib.import_module(module), kind), name


@pytest.mark.parametrize("name", ["GaussianNB", "RandomForestClassifier", "MLPClassifier"])
def test_the_probabilities_of_some_rows_are_those_of_the_fragment(
    name: str, make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    """Within rounding: a library's last bit depends on the number of rows in a call."""
    evaluator, mapped = make_evaluator(name), make_mapped(200, seed=4)
    some = np.array([5, 190, 17])

    scores, chances = evaluator.predict(mapped), evaluator.probabilities(taken(mapped, some))

    assert chances is not None
    assert scores.score is not None
    assert chances.shape == (3, len(evaluator.classes))
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=0, atol=1e-9)
    np.testing.assert_allclose(chances.max(axis=1), scores.score[some], rtol=0, atol=1e-9)


def test_a_row_that_the_library_would_refuse_has_no_probability(
    make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    rows = with_first_number(make_mapped(3), np.inf)

    chances = make_evaluator("GaussianNB").probabilities(rows)

    assert chances is not None
    assert np.isnan(chances).all(axis=1).tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["SVC", "DecisionTreeRegressor"])
def test_an_estimator_without_probabilities_gives_none(
    name: str, make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    assert make_evaluator(name).probabilities(make_mapped(3)) is None


def test_no_rows_have_no_probabilities_of_the_right_width(
    make_evaluator: MakeEvaluator, make_mapped: MakeMapped
) -> None:
    none = taken(make_mapped(3), np.empty(0, np.int64))

    chances = make_evaluator("GaussianNB").probabilities(none)

    assert chances is not None
    assert chances.shape == (0, 2)
