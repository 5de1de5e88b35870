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
from functions.batches.nightly import is_plain, selected
from functions.batches.releases import foreign, require_fit_here
from functions.runs import Run
from functions.tables import of_purpose
from infra import signing
from infra.engines import choice
from infra.registry import Registry
from infra.revision import revision
from pipelines.columns.relations import where_in
from pipelines.errors import JobInvalid, StepMissing
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapper import Mapper
from pipelines.features.user_function import load_function, read_source, source_digest
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import subkey
from pipelines.job.job_file import Job
from pipelines.job.rules import reading_rules
from pipelines.job.sections import Model
from pipelines.models.catalogue import complete, find_estimator
from pipelines.models.manifest import Recipe, TrainingData, installed, minor, version_of
from pipelines.models.package import TrainedModel, write
from pipelines.tables.purposes import TRAIN
from pipelines.tables.schemas import RELEASES, table_of
from pipelines.training.holdout_metrics import holdout_metrics
from pipelines.training.rows import Reader, fingerprint
from pipelines.training.shortage import too_few
from pipelines.training.training_set import TrainingSet, targets_of, training_set

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
    run = Run.of("fit", batches, {"engine": engine})
    with app.recording(run, dry_run=dry_run):
        result = _fit(app, batches, engine, dry_run=dry_run)
        run.rows = result.rows
        run.outputs = {
            "model": result.model,
            "version": result.version,
            "metrics": result.metrics,
            "written": result.written,
        }
    return result


def _fit(app: App, batches: Sequence[str], engine: str, *, dry_run: bool) -> FitResult:
    choice.check(engine)
    model = _model_of(app.job)
    require_fit_here(app.job, model)
    entry = find_estimator(model.estimator, app.job.task)
    if not all(map(is_plain, batches)):
        batches = selected(batches, discovery.names(app.data))
    data = discovery.find(app.data, batches)
    data.require()
    app.say("reading the training rows")
    reader, chosen = _chosen(app, model, data)
    recipe = _recipe(app, model, data, chosen)
    registry = app.store.registry(model.name)
    if dry_run:
        return _existing(registry, recipe)
    if _is_there(app, registry, recipe):
        return _existing(registry, recipe)
    app.say(f"fitting {entry.name} on {recipe.training.rows} rows")
    code = revision()
    learner = choice.engine_for(app.settings, engine, data.bytes_of(data.batches))
    statistics = learner.learn(reader, data.splits(data.batches))
    draft = _trained(app, recipe, statistics, chosen, code)
    sign = signing.own_key(app.settings.signing_key).sign
    with app.store.lock(f"fit-{model.name}", wait=_WAIT):
        app.store.mark()
        written = write(registry.models, draft, sign=sign)
        _make_live(app, registry, written.version, "fitted")
    return FitResult(
        model.name,
        written.version,
        recipe.training.rows,
        dict(draft.metrics),
        draft.evaluator.kind,
        written.is_new,
    )


def _is_there(app: App, registry: Registry, recipe: Recipe) -> bool:
    """Make the package of a recipe live if it is there and would be scored with.

    Under the lock of those who write packages: one that is half written is no
    package that somebody changed.
    """
    verify = signing.verifier(trusted_keys(app.settings))
    with app.store.lock(f"fit-{registry.name}", wait=_WAIT):
        if not registry.is_usable(version_of(recipe), verify, app.say):
            return False
        _require_own(app, registry, version_of(recipe))
        _make_live(app, registry, version_of(recipe), "fitted before")
        return True


def _require_own(app: App, registry: Registry, version: str) -> None:
    """Refuse to make a package live that another job has fitted from the very same data."""
    manifest = registry.manifest(version)
    if manifest and manifest.job not in (None, app.job.name):
        raise JobInvalid(
            foreign(manifest, app.job.name, [str(manifest.job)]),
            fix=f"set [model] from_job = {manifest.job!r} to score with it, or give the model another name",
        )


def _make_live(app: App, registry: Registry, version: str, reason: str) -> None:
    """Let a version score from now on; the table `releases` keeps when, by whom and why."""
    rows = app.tables().read("releases", ["version", "known_at"], where={"model": [registry.name]})
    known = rows.sort_by("known_at")["version"].to_pylist()
    if known and known[-1] == version:
        registry.make_live(version)  # again, in case that an earlier fit was killed before
        return
    release = {
        "job": app.job.name,
        "model": registry.name,
        "version": version,
        "state": "live",
        "actor": app.settings.actor,
        "reason": reason,
    }
    with app.committing() as moment:
        row = table_of(RELEASES, [{**release, "known_at": moment}])
        app.store.table("releases").append(row)
    registry.make_live(version)


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


def _chosen(app: App, model: Model, data: Input) -> tuple[Reader, TrainingSet]:
    """Read the usable rows and select those that train and those that measure."""
    job = app.job
    reference = job.features.function
    function = load_function(reference, read_source(reference, app.folder)) if reference else None
    digests = {
        name: digest for batch in data.batches for name, digest in data.files_of(batch).items()
    }
    reader = Reader(reading_rules(job), frozenset(data.batches), digests, function, _answers(app))
    splits = data.splits(data.batches)
    rows = [
        part for split in app.track(splits, len(splits), "Reading") for part in reader.read(split)
    ]
    usable = sum(part.features.num_rows for part in rows)
    if usable < _LEAST_ROWS:
        raise too_few(reader, splits, data.batches, usable)
    if function:
        function.check(next(one for split in splits for one in reader.examine(split)).rows.rows)
    chosen = training_set(rows, holdout=model.holdout, max_rows=model.max_rows)
    return replace(reader, selection=chosen.selection), chosen


def _answers(app: App) -> dict[str, str] | None:
    """Read the labels that people gave, where no column holds the truth."""
    if app.job.target.column:
        return None
    views = app.views()
    labels = where_in(of_purpose(views.labels(), TRAIN), "state", "answered")
    columns = [labels[name].to_pylist() for name in ("prediction_id", "label")]
    answers = dict(zip(*columns, strict=True))
    if not answers:
        drawn = views.current_samples(purpose=TRAIN).num_rows
        before = "" if drawn else "run `recheck push … --purpose train`, "
        asked = f", though {drawn} were drawn to be asked about" if drawn else ""
        raise StepMissing(
            f"the job names no target column, and nobody has labeled rows to train on{asked}",
            fix=f"{before}let people answer, then run `recheck pull …`",
        )
    return answers


def _recipe(app: App, model: Model, data: Input, chosen: TrainingSet) -> Recipe:
    entry = find_estimator(model.estimator, app.job.task)
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
            digest=fingerprint([*chosen.training, *chosen.holdout]).text,
            rows=sum(part.features.num_rows for part in chosen.training),
            holdout_rows=sum(part.features.num_rows for part in chosen.holdout),
            batches=tuple(sorted(data.batches)),
        ),
        seed_digest=subkey("seed", app.job.sampling.seed).hex(),
        libraries={
            name: minor(version)
            for name, version in installed(["numpy", "scikit-learn", "scipy"]).items()
        },
    )


def _trained(
    app: App, recipe: Recipe, statistics: FittedStatistics, chosen: TrainingSet, code: str
) -> TrainedModel:
    from pipelines.sklearn.packaging import package_evaluator
    from pipelines.sklearn.training import train

    mapper, labels = Mapper(recipe.features, statistics), recipe.labels
    training = chosen.training
    mapped = [mapper.map(part.features) for part in training]
    entry, seed = find_estimator(recipe.estimator, recipe.task), app.job.sampling.seed
    trained = train(entry, recipe.parameters, mapped, targets_of(training, labels), seed=seed)
    held = [mapper.map(part.features) for part in chosen.holdout] or mapped
    judge = chosen.holdout or training
    packaged = package_evaluator(trained, held)
    reference = app.job.features.function
    return TrainedModel(
        recipe=recipe,
        statistics=statistics,
        evaluator=packaged.evaluator,
        reason=packaged.reason,
        metrics=holdout_metrics(recipe.task, packaged.evaluator, held, targets_of(judge, labels)),
        golden=judge[0].features,
        training_keys=np.concatenate(
            [keyed_hashes(seed, "training", "", part.keys)[:, 0] for part in training]
        ),
        function=read_source(reference, app.folder) if reference else None,
        notes=trained.notes,
        job=app.job.name,
        job_hash=app.job_hash,
        code_revision=code,
    )
