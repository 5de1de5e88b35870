"""Training: repeatable, refused with a way out, and honest about what the fit warned of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipelines.errors import EstimatorRefused
from pipelines.features.mapped import Mapped
from pipelines.models.catalogue import ESTIMATORS
from pipelines.sklearn import train
from pipelines.sklearn.matrices import matrix_of, taken
from pipelines.sklearn.training import Trained, random_state

MakeMapped = Callable[..., Mapped]
MakeTargets = Callable[[Mapped, int], np.ndarray]

RANDOM = [
    "SGDClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "HistGradientBoostingClassifier",
    "MLPClassifier",
]
SMALL = {"n_estimators": 5, "max_iter": 20}


def small(name: str) -> dict[str, int]:
    return {key: value for key, value in SMALL.items() if key in ESTIMATORS[name].parameters}


def trained(name: str, mapped: Mapped, targets: np.ndarray, *, seed: str = "a") -> Trained:
    parts = [taken(mapped, np.arange(0, 100)), taken(mapped, np.arange(100, mapped.rows))]
    return train(ESTIMATORS[name], small(name), parts, targets, seed=seed)


@pytest.mark.parametrize("name", RANDOM)
def test_the_same_seed_gives_the_same_model(
    name: str, make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(300)
    targets = make_targets(mapped, 3)

    first, second = (trained(name, mapped, targets).estimator for _ in range(2))

    values = matrix_of(mapped)
    decide = "predict_proba" if hasattr(first, "predict_proba") else "decision_function"
    assert getattr(first, decide)(values).tobytes() == getattr(second, decide)(values).tobytes()


@pytest.mark.parametrize(
    "name", [entry.name for entry in ESTIMATORS.values() if entry.threads_to_fit]
)
def test_any_number_of_threads_fits_the_same_forest(
    name: str,
    make_mapped: MakeMapped,
    make_targets: MakeTargets,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And none is left to predict with, where they would change the last bits."""
    mapped = make_mapped(300)
    targets = make_targets(mapped, 1 if ESTIMATORS[name].task == "regression" else 3)
    fitted = []
    for threads in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda count=threads: count)
        fitted.append(trained(name, mapped, targets).estimator)

    values = matrix_of(mapped)
    assert fitted[0].predict(values).tobytes() == fitted[1].predict(values).tobytes()
    assert [forest.n_jobs for forest in fitted] == [None, None]


def test_another_seed_gives_another_forest(
    make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(300)
    targets = make_targets(mapped, 2)

    one, two = (trained("RandomForestClassifier", mapped, targets, seed=s) for s in "ab")

    values = matrix_of(mapped)
    assert (one.estimator.predict_proba(values) != two.estimator.predict_proba(values)).any()


def test_the_random_state_is_part_of_the_design() -> None:
    """A fixed vector: another value would change every model that is fitted again."""
    assert random_state("0") == 312_925_187


def test_warnings_of_the_fit_are_kept_and_not_raised(
    make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(300)

    fitted = train(
        ESTIMATORS["MLPClassifier"], {"max_iter": 2}, [mapped], make_targets(mapped, 2), seed="a"
    )

    assert [note for note in fitted.notes if "hasn't converged" in note]


def test_too_many_rows_for_a_kernel_are_refused_before_hours_are_spent(
    make_mapped: MakeMapped,
) -> None:
    mapped = make_mapped(10)
    targets = np.zeros(50_001, dtype=np.int32)

    with pytest.raises(EstimatorRefused, match="at most 50,000") as refused:
        train(ESTIMATORS["SVC"], {}, [mapped], targets, seed="a")

    assert "max_rows = 50000" in refused.value.fix


@pytest.mark.parametrize(
    "name", [entry.name for entry in ESTIMATORS.values() if not entry.reads_sparse]
)
def test_text_for_an_estimator_that_cannot_read_it_is_refused(
    name: str, make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(50, text=True)

    with pytest.raises(EstimatorRefused, match="sparse columns"):
        train(ESTIMATORS[name], {}, [mapped], make_targets(mapped, 2), seed="a")


def test_one_answer_alone_cannot_be_learned(make_mapped: MakeMapped) -> None:
    with pytest.raises(EstimatorRefused, match="same answer"):
        trained("LogisticRegression", make_mapped(120), np.ones(120, dtype=np.int32))


def test_a_value_that_scikit_learn_refuses_is_said_in_its_words(
    make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(50)

    with pytest.raises(EstimatorRefused, match="'C' parameter") as refused:
        train(
            ESTIMATORS["LogisticRegression"], {"C": -1}, [mapped], make_targets(mapped, 2), seed=""
        )

    assert "[model.parameters]" in refused.value.fix


def test_negative_features_for_counts_say_how_to_avoid_them(
    make_mapped: MakeMapped, make_targets: MakeTargets
) -> None:
    mapped = make_mapped(120)

    with pytest.raises(EstimatorRefused, match=r"[Nn]egative") as refused:
        trained("MultinomialNB", mapped, make_targets(mapped, 2))

    assert 'scale = "none"' in refused.value.fix
