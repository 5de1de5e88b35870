"""Mapped rows and a whole model, small enough for every test to make its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra import signing
from pipelines.columns.buffers import float_array, texts
from pipelines.features.analysis import Statistics
from pipelines.features.mapped import Dense, Mapped, Numbers, OneHot, Sparse
from pipelines.features.mapper import Mapper
from pipelines.features.spec import FeatureSpec
from pipelines.identity.ids import keyed_hashes
from pipelines.models.catalogue import ESTIMATORS, EstimatorEntry
from pipelines.models.manifest import Recipe, TrainingData
from pipelines.models.package import TrainedModel
from pipelines.models.signature_format import Sign, Verify
from pipelines.sklearn import package_evaluator, train

MakeMapped = Callable[..., Mapped]
MakeTargets = Callable[[Mapped, int], np.ndarray]
MakeDraft = Callable[..., TrainedModel]


@pytest.fixture(scope="session")
def make_mapped() -> MakeMapped:
    """Rows with a column of each kind; `text` adds a sparse one."""

    def make(rows: int, *, seed: int = 0, text: bool = False, positive: bool = False) -> Mapped:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(rows, 2))
        numbers = np.abs(x) if positive else x
        columns: list[Numbers | OneHot | Sparse | Dense] = [
            Numbers("x0", numbers[:, 0].copy()),
            OneHot("c", rng.integers(0, 4, rows).astype(np.int32), 4),
            Dense("d", rng.random((rows, 3))),
            Numbers("x1", numbers[:, 1].copy()),
        ]
        if text:
            counts = rng.integers(0, 4, rows)
            terms = [np.sort(rng.choice(30, count, replace=False)) for count in counts]
            indices = np.concatenate([*terms, np.empty(0)]).astype(np.int32)
            bounds = np.concatenate([[0], np.cumsum(counts)])
            columns.insert(1, Sparse("t", bounds, indices, rng.random(len(indices)), 30))
        return Mapped(rows, tuple(columns))

    return make


@pytest.fixture(scope="session")
def make_targets() -> MakeTargets:
    """Targets that depend on the rows with noise: codes of `classes` classes, numbers for 1."""

    def make(mapped: Mapped, classes: int) -> np.ndarray:
        x0, x1 = (c.values for c in mapped.columns if isinstance(c, Numbers))
        codes = next(c.codes for c in mapped.columns if isinstance(c, OneHot))
        value = x0 - 0.5 * x1 + 0.4 * codes
        value = value + np.random.default_rng(9).normal(size=mapped.rows) * 0.3
        if classes == 1:
            return np.asarray(value)
        # Classes of unequal size, so that a model that mistakes their shares is found.
        edges = np.quantile(value, (np.arange(1, classes) / classes) ** 2)
        return np.digitize(value, edges).astype(np.int32)

    return make


@pytest.fixture(scope="session")
def raw_rows() -> pa.RecordBatch:
    """300 rows as a reader delivers them, with a missing number and a missing text."""
    rng = np.random.default_rng(3)
    sizes = rng.normal(10, 3, 300)
    sizes[7] = np.nan
    kinds: list[str | None] = rng.choice(["a", "b", "ü"], 300).tolist()
    kinds[8] = None
    return pa.RecordBatch.from_arrays(
        [float_array(sizes), texts(kinds)], names=["size", "kind of row"]
    )


@pytest.fixture(scope="session")
def make_draft(raw_rows: pa.RecordBatch) -> MakeDraft:
    """A model of that name, trained on the raw rows."""
    spec = FeatureSpec.model_validate(
        {"columns": {"size": {"kind": "numeric"}, "kind of row": {"kind": "categorical"}}}
    )

    def make(name: str = "LogisticRegression", **parameters: object) -> TrainedModel:
        entry = ESTIMATORS[name]
        hashes = keyed_hashes("seed", "fit", "", texts(map(str, range(raw_rows.num_rows))))
        statistics = Statistics(spec)
        fitted = statistics.result(statistics.add(statistics.create(), raw_rows, hashes, (0, 0)))
        mapped = Mapper(spec, fitted).map(raw_rows)
        targets = _targets(entry, raw_rows)
        trained = train(entry, parameters, [mapped], targets, seed="seed")
        packaged = package_evaluator(trained, [mapped])
        recipe = Recipe(
            name="delays",
            task=entry.task,
            labels=("no", "yes") if entry.task == "classification" else (),
            features=spec,
            estimator=name,
            parameters=dict(trained.parameters),
            training=TrainingData(digest="300-ab", rows=300, holdout_rows=0),
            seed_digest="cd",
            libraries={"scikit-learn": "1.9"},
        )
        return TrainedModel(
            recipe=recipe,
            statistics=fitted,
            evaluator=packaged.evaluator,
            reason=packaged.reason,
            metrics={},
            golden=raw_rows,
            training_keys=hashes[:, 0],
        )

    return make


def _targets(entry: EstimatorEntry, rows: pa.RecordBatch) -> np.ndarray:
    sizes = np.nan_to_num(np.array(rows.column(0).to_pylist()), nan=10.0)
    return (sizes > 10).astype(np.int32) if entry.task == "classification" else sizes * 2.0


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> signing.SigningKey:
    """The own key of a user of this test alone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return signing.own_key()


@pytest.fixture
def sign(key: signing.SigningKey) -> Sign:
    """Sign with that key."""
    return key.sign


@pytest.fixture
def verify(key: signing.SigningKey) -> Verify:
    """Trust that key alone."""
    return signing.verifier([key.public])
