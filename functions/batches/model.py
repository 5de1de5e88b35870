"""The model that a job scores with: its newest package, the pinned one, or another system's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from functions.batches.releases import releases_of, require_own
from infra import signing
from infra.registry import Registry
from infra.settings import Settings
from infra.store import Store
from pipelines.errors import PackageRefused, StepMissing
from pipelines.features.spec import FeatureSpec
from pipelines.job.job_file import Job
from pipelines.models.package import Package
from pipelines.scoring.scorers import UNVERSIONED, GivenPredictions, ModelScorer, Scorer
from pipelines.scoring.unknown_values import unknown_in_training


@dataclass(frozen=True, slots=True)
class Live:
    """The version that scores from now on, and how to open its scorer."""

    version: str
    open_scorer: Callable[[], Scorer]  # travels to workers
    trained_on: frozenset[str] = frozenset()  # the batches that it learned from
    unknown_in_training: Mapping[str, float] = field(
        default_factory=dict
    )  # share of rows, by category
    news: str | None = None  # that a file says something else


def live(job: Job, store: Store, settings: Settings) -> Live:
    """Open and check the scorer of a job once, before any work starts.

    Args:
        job: the job file.
        store: holds the packages.
        settings: name the trusted keys.

    Returns:
        The version that scores, and how a worker opens it.

    Raises:
        StepMissing: there is no package yet.
        PackageRefused: the package is unsigned, changed or foreign.
    """
    if job.predictions:
        given = partial(
            GivenPredictions, job.predictions, job.task, asked_class(job), job.target.answers
        )
        return Live(UNVERSIONED, given)
    model = job.model
    if model is None:
        raise StepMissing(
            "the job has no [model]", fix="name one, or score predictions made elsewhere"
        )
    registry, trusted = store.registry(model.name), trusted_keys(settings)
    releases = releases_of(job, model, store)
    version = registry.live(model.version or releases.live)
    package = registry.open(version, signing.verifier(trusted))
    require_own(package.manifest, releases, store, model.version)
    _check_features(job, package)
    _check_class(job, package)
    timezone, class_ = job.batches.timezone, asked_class(job)
    opener = _Opener(job.features, timezone, registry, version, tuple(trusted), package, class_)
    manifest = package.manifest
    return Live(
        version,
        opener,
        frozenset(manifest.recipe.training.batches),
        unknown_in_training(manifest.statistics),
        releases.unlike(registry.newest()),
    )


def asked_class(job: Job) -> str | None:
    """Return the class that the job asks more about, whose probability predictions carry."""
    aim = job.sampling.for_
    return aim.class_ if aim else None


def trained_on(job: Job, store: Store) -> frozenset[str]:
    """Return the batches that the live model learned from, as its manifest says, unverified; none without one."""
    if job.model is None:
        return frozenset()
    registry, releases = store.registry(job.model.name), releases_of(job, job.model, store)
    try:
        manifest = registry.manifest(registry.live(job.model.version or releases.live))
    except StepMissing:
        return frozenset()
    return frozenset(manifest.recipe.training.batches) if manifest else frozenset()


def trusted_keys(settings: Settings) -> Sequence[bytes]:
    """Return the public keys whose packages this user runs."""
    return signing.trusted_keys(settings.trusted_keys, settings.signing_key)


@dataclass
class _Opener:
    """Opens the package anew in each worker; in this process it is open already."""

    features: FeatureSpec
    timezone: str
    registry: Registry
    version: str
    trusted: tuple[bytes, ...]
    package: Package | None
    class_: str | None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "package": None}

    def __call__(self) -> Scorer:
        if self.package is None:
            self.package = self.registry.open(self.version, signing.verifier(self.trusted))
        return ModelScorer(self.package, self.features, self.timezone, self.class_)


def _check_features(job: Job, package: Package) -> None:
    if package.manifest.recipe.features != job.features:
        raise PackageRefused(
            f"model {package.name} {package.version} was fitted with other features than the job file has now",
            fix="run `recheck fit` again, or pin the version that fits by [model] version",
        )


def _check_class(job: Job, package: Package) -> None:
    """Refuse a model that has no probability of the class of `sampling.for`."""
    asked = asked_class(job)
    if asked is None:
        return
    if not package.evaluator.has_probabilities:
        raise PackageRefused(
            f"sampling.for needs the probability of {asked!r}, and model {package.name} {package.version} "
            f"({package.manifest.recipe.estimator}) gives none",
            fix="fit an estimator that gives probabilities, such as LogisticRegression, or take `for` out of [sampling]",
        )
    if asked not in [package.labels[code] for code in package.evaluator.classes]:
        raise PackageRefused(
            f"sampling.for needs the probability of {asked!r}, which model {package.name} {package.version} "
            "has not met in its training rows",
            fix=f"fit with rows of {asked!r}, or take `for` out of [sampling]",
        )
