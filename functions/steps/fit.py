"""Fit: learn the statistics, train, prove, package and sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from functions import tables
from functions.app import App
from functions.batches import discovery
from functions.batches.discovery import Input
from functions.batches.model import trusted_keys
from infra import registry, signing
from infra.revision import revision
from pipelines.errors import JobInvalid, StepMissing
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapped import Mapped
from pipelines.features.mapper import Mapper
from pipelines.features.user_function import load_function, read_source, source_digest
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import subkey
from pipelines.input.fragments import Split
from pipelines.job.job_file import Job
from pipelines.job.sections import Model
from pipelines.models.catalogue import complete, find_estimator
from pipelines.models.evaluator import Evaluator
from pipelines.models.manifest import Manifest, Recipe, TrainingData, installed, minor, version_of
from pipelines.models.package import TrainedModel, write
from pipelines.tables.purposes import TRAIN
from pipelines.training.rows import Reader, TrainingRows, fingerprint
from pipelines.training.selection import select
from pipelines.training.shortage import too_few

_LEAST_ROWS = 10
NOT_FITTED = "not fitted yet"  # in place of the evaluator


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit made, or found made already."""

    model: str
    version: str
    rows: int
    metrics: dict[str, Any]
    evaluator: str
    written: bool


def fit(app: App, batches: Sequence[str], *, dry_run: bool = False) -> FitResult:
    """Fit on the rows of these batches, or of all; the same data makes the same version.

    Raises:
        JobInvalid: the predictions come from elsewhere, or nothing holds the truth.
        EstimatorRefused: the estimator is not on the list, or there is too little data.
    """
    model = _model_of(app.job)
    entry = find_estimator(model.estimator, app.job.task)
    found = discovery.find(app, batches)
    app.say("reading the training rows")
    reader, parts = _chosen(app, model, found)
    recipe = _recipe(app, model, found, parts)
    folder = app.store.models(model.name)
    if dry_run:
        return _existing(folder, recipe)
    if registry.is_usable(
        folder / version_of(recipe), signing.verifier(trusted_keys(app)), app.say
    ):
        registry.make_live(folder, version_of(recipe))
        return _existing(folder, recipe)
    app.say(f"fitting {entry.name} on {recipe.training.rows} rows")
    code = revision()
    draft = _trained(app, recipe, _learned(reader, found.splits(found.batches)), parts, code)
    written = write(folder, draft, sign=signing.own_key(app.settings.signing_key).sign)
    registry.make_live(folder, written.version)
    return FitResult(
        model.name,
        written.version,
        recipe.training.rows,
        dict(draft.metrics),
        draft.evaluator.kind,
        written.is_new,
    )


def _model_of(job: Job) -> Model:
    if job.model is None:
        raise JobInvalid(
            "the predictions of this job come from elsewhere: there is no model to fit",
            fix="run `recheck score`",
        )
    return job.model


def _existing(folder: Path, recipe: Recipe) -> FitResult:
    version = version_of(recipe)
    path = folder / version / "manifest.json"
    known = Manifest.from_json(path.read_bytes()) if path.is_file() else None
    metrics = dict(known.metrics) if known else {}
    kind = known.evaluator.kind if known else NOT_FITTED
    return FitResult(folder.name, version, recipe.training.rows, metrics, kind, written=False)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The usable rows of each fragment, with the masks of those that train and those that measure."""

    rows: list[TrainingRows]
    train: list[np.ndarray]
    held: list[np.ndarray]


def _chosen(app: App, model: Model, found: Input) -> tuple[Reader, _Parts]:
    job = app.job
    reference = job.features.function
    function = load_function(reference, read_source(reference, app.folder)) if reference else None
    digests = {
        name: digest for batch in found.batches for name, digest in found.files_of(batch).items()
    }
    reader = Reader(job, frozenset(found.batches), digests, function, _answers(app))
    splits = found.splits(found.batches)
    rows = [
        part for split in app.track(splits, len(splits), "Reading") for part in reader.read(split)
    ]
    usable = sum(part.features.num_rows for part in rows)
    if usable < _LEAST_ROWS:
        raise too_few(reader, splits, found.batches, usable)
    if function:
        function.check(next(one for split in splits for one in reader.examine(split)).rows.rows)
    hashes = np.concatenate([part.hashes for part in rows])
    micros = (
        None
        if rows[0].micros is None
        else np.concatenate([part.micros for part in rows if part.micros is not None])
    )
    selection = select(hashes, micros, holdout=model.holdout, max_rows=model.max_rows)
    reader = replace(reader, selection=selection)
    masks = [selection.masks(part.hashes, part.micros) for part in rows]
    return reader, _Parts(rows, [train for train, _ in masks], [held for _, held in masks])


def _answers(app: App) -> dict[str, str] | None:
    """Labels that people gave, where no column holds the truth."""
    if app.job.target.column:
        return None
    labels = [row for row in tables.labels(app).to_pylist() if row["purpose"] == TRAIN]
    given = {row["prediction_id"]: row["label"] for row in labels if row["state"] == "answered"}
    if not given:
        drawn = sum(
            purpose == TRAIN for purpose in tables.current_samples(app)["purpose"].to_pylist()
        )
        before = "" if drawn else "run `recheck push … --purpose train`, "
        asked = f", though {drawn} were drawn to be asked about" if drawn else ""
        raise StepMissing(
            f"the job names no target column, and nobody has labeled rows to train on{asked}",
            fix=f"{before}let people answer, then run `recheck pull …`",
        )
    return given


def _recipe(app: App, model: Model, found: Input, parts: _Parts) -> Recipe:
    entry = find_estimator(model.estimator, app.job.task)
    used = [
        part.of(train | held)
        for part, train, held in zip(parts.rows, parts.train, parts.held, strict=True)
    ]
    reference = app.job.features.function
    return Recipe(
        name=model.name,
        task=app.job.task,
        labels=app.job.target.answers if app.job.task == "classification" else (),
        features=app.job.features,
        timezone=app.job.batches.timezone,
        function=source_digest(read_source(reference, app.folder)) if reference else None,
        estimator=entry.name,
        parameters=complete(entry, model.parameters),
        holdout=model.holdout,
        training=TrainingData(
            digest=fingerprint(used).text,
            rows=int(sum(mask.sum() for mask in parts.train)),
            holdout_rows=int(sum(mask.sum() for mask in parts.held)),
            batches=tuple(sorted(found.batches)),
        ),
        seed_digest=subkey("seed", app.job.sampling.seed).hex(),
        libraries={
            name: minor(version)
            for name, version in installed(["numpy", "scikit-learn", "scipy"]).items()
        },
    )


def _learned(reader: Reader, splits: Sequence[Split]) -> FittedStatistics:
    """The features' statistics, by Beam."""
    from infra.engines import local  # Beam takes seconds to import

    return local.learn(reader, splits)


def _trained(
    app: App, recipe: Recipe, statistics: FittedStatistics, parts: _Parts, code: str
) -> TrainedModel:
    from pipelines.sklearn.packaging import package_evaluator
    from pipelines.sklearn.training import train

    mapper = Mapper(recipe.features, statistics)
    learn = [
        part.of(mask) for part, mask in zip(parts.rows, parts.train, strict=True) if mask.any()
    ]
    judge = [part.of(mask) for part, mask in zip(parts.rows, parts.held, strict=True) if mask.any()]
    mapped = [mapper.map(part.features) for part in learn]
    entry = find_estimator(recipe.estimator, recipe.task)
    seed = app.job.sampling.seed
    trained = train(entry, recipe.parameters, mapped, _targets(recipe, learn), seed=seed)
    held = [mapper.map(part.features) for part in judge] or mapped
    packaged = package_evaluator(trained, held)
    reference = app.job.features.function
    return TrainedModel(
        recipe=recipe,
        statistics=statistics,
        evaluator=packaged.evaluator,
        reason=packaged.reason,
        metrics=_metrics(recipe, packaged.evaluator, held, _targets(recipe, judge or learn)),
        golden=(judge or learn)[0].features,
        training_keys=np.concatenate(
            [keyed_hashes(seed, "training", "", part.keys)[:, 0] for part in learn]
        ),
        function=read_source(reference, app.folder) if reference else None,
        notes=trained.notes,
        job_hash=app.job_hash,
        code_revision=code,
    )


def _targets(recipe: Recipe, parts: Sequence[TrainingRows]) -> np.ndarray:
    texts = [text for part in parts for text in part.targets.to_pylist()]
    if recipe.task == "regression":
        return np.array([float(text) for text in texts])
    places = {label: code for code, label in enumerate(recipe.labels)}
    return np.array([places[text] for text in texts], dtype=np.int32)


def _metrics(
    recipe: Recipe, evaluator: Evaluator, held: Sequence[Mapped], targets: np.ndarray
) -> dict[str, float]:
    """What the package says of itself on its hold-out."""
    scores = [evaluator.predict(part) for part in held]
    if recipe.task == "regression":
        error = np.concatenate([one.value for one in scores if one.value is not None]) - targets
        return {
            "mae": float(np.abs(error).mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "holdout_rows": float(len(targets)),
        }
    codes = np.concatenate([one.codes for one in scores if one.codes is not None])
    largest = np.bincount(targets).max() / len(targets)
    return {
        "accuracy": float((codes == targets).mean()),
        "largest_class": float(largest),
        "holdout_rows": float(len(targets)),
    }
