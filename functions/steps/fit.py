"""The step `fit`: learn the statistics, train, prove, package and sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from functions.app import App
from functions.batches import discovery
from functions.batches.discovery import Input
from functions.batches.model import trusted_keys
from functions.tables import of_purpose, open_views
from infra import signing
from infra.engines import choice
from infra.registry import Registry
from infra.revision import revision
from pipelines.columns.relations import where_in
from pipelines.errors import JobInvalid, StepMissing
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapped import Mapped
from pipelines.features.mapper import Mapper
from pipelines.features.user_function import load_function, read_source, source_digest
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import subkey
from pipelines.job.job_file import Job
from pipelines.job.rules import reading_rules
from pipelines.job.sections import Model
from pipelines.models.catalogue import complete, find_estimator
from pipelines.models.evaluator import Evaluator
from pipelines.models.manifest import Recipe, TrainingData, installed, minor, version_of
from pipelines.models.package import TrainedModel, write
from pipelines.tables.purposes import TRAIN
from pipelines.training.rows import Reader, TrainingRows, fingerprint
from pipelines.training.selection import select
from pipelines.training.shortage import too_few

_LEAST_ROWS = 10
_WAIT = 600  # seconds for another fit to write its package
NOT_FITTED = "not fitted yet"  # in place of the evaluator


@dataclass(frozen=True, slots=True)
class FitResult:
    """The model that a fit made, or that was there already."""

    model: str
    version: str
    rows: int
    metrics: dict[str, Any]
    evaluator: str
    written: bool


def fit(
    app: App, batches: Sequence[str], *, engine: str = choice.AUTO, dry_run: bool = False
) -> FitResult:
    """Fit on the rows of these batches, or of all; the same data makes the same version.

    Args:
        app: the job and its store.
        batches: none for all.
        engine: what the features' statistics are learned on.
        dry_run: write nothing; an engine is not started either.

    Returns:
        The model, as the store has it from now on.

    Raises:
        EngineUnavailable: there is no such engine.
        JobInvalid: the predictions come from elsewhere, or nothing holds the truth.
        EstimatorRefused: the estimator is not on the list, or there is too little data.
    """
    choice.check(engine)
    model = _model_of(app.job)
    entry = find_estimator(model.estimator, app.job.task)
    found = discovery.find(app, batches)
    app.say("reading the training rows")
    reader, parts = _chosen(app, model, found)
    recipe = _recipe(app, model, found, parts)
    registry = app.store.registry(model.name)
    if dry_run:
        return _existing(registry, recipe)
    if registry.is_usable(version_of(recipe), signing.verifier(trusted_keys(app)), app.say):
        registry.make_live(version_of(recipe))
        return _existing(registry, recipe)
    app.say(f"fitting {entry.name} on {recipe.training.rows} rows")
    code = revision()
    learner = choice.engine_for(app.settings, engine, found.bytes_of(found.batches))
    statistics = learner.learn(reader, found.splits(found.batches))
    draft = _trained(app, recipe, statistics, parts, code)
    sign = signing.own_key(app.settings.signing_key).sign
    with app.store.lock(f"fit-{model.name}", wait=_WAIT):
        app.store.mark()
        written = write(registry.models, draft, sign=sign)
        registry.make_live(written.version)
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


def _existing(registry: Registry, recipe: Recipe) -> FitResult:
    version = version_of(recipe)
    known = registry.manifest(version)
    metrics = dict(known.metrics) if known else {}
    kind = known.evaluator.kind if known else NOT_FITTED
    return FitResult(registry.name, version, recipe.training.rows, metrics, kind, written=False)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The usable rows of each fragment, with masks of those that train and those that measure."""

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
    reader = Reader(reading_rules(job), frozenset(found.batches), digests, function, _answers(app))
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
    """Read the labels that people gave, where no column holds the truth."""
    if app.job.target.column:
        return None
    views = open_views(app)
    labels = where_in(of_purpose(views.labels(), TRAIN), "state", "answered")
    columns = [labels[name].to_pylist() for name in ("prediction_id", "label")]
    given = dict(zip(*columns, strict=True))
    if not given:
        drawn = views.current_samples(purpose=TRAIN).num_rows
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
    """Measure the model on its hold-out."""
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
