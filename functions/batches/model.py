"""The model that a job scores with: its newest package, the pinned one, or another system's columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from functions.app import App
from infra import signing
from infra.registry import Registry
from pipelines.errors import PackageRefused, StepMissing
from pipelines.features.spec import FeatureSpec
from pipelines.job.job_file import Job
from pipelines.models.manifest import installed
from pipelines.models.package import Package
from pipelines.scoring.scorers import GivenPredictions, ModelScorer, Scorer

UNVERSIONED = "unversioned"


@dataclass(frozen=True, slots=True)
class Live:
    """The version that scores from now on, and how to open its scorer."""

    version: str
    open_scorer: Callable[[], Scorer]  # travels to workers


def live(app: App) -> Live:
    """Open and check the scorer of a job once, before any work starts.

    Raises:
        StepMissing: there is no package yet.
        PackageRefused: the package is unsigned, changed or foreign.
    """
    if app.job.predictions:
        return Live(UNVERSIONED, partial(GivenPredictions, app.job.predictions, app.job.task))
    model = app.job.model
    if model is None:
        raise StepMissing(
            "the job has no [model]", fix="name one, or score predictions made elsewhere"
        )
    registry, trusted = app.store.registry(model.name), trusted_keys(app)
    version = registry.live(model.version)
    package = registry.open(version, signing.verifier(trusted))
    _check_features(app.job, package)
    opener = _Opener(
        app.job.features, app.job.batches.timezone, registry, version, tuple(trusted), package
    )
    return Live(version, opener)


def trusted_keys(app: App) -> Sequence[bytes]:
    """Return the public keys whose packages this user runs."""
    return signing.trusted_keys(app.settings.trusted_keys, app.settings.signing_key)


@dataclass
class _Opener:
    """Opens the package anew in each worker; here it is open already."""

    features: FeatureSpec
    timezone: str
    registry: Registry
    version: str
    trusted: tuple[bytes, ...]
    package: Package | None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "package": None}

    def __call__(self) -> Scorer:
        if self.package is None:
            self.package = self.registry.open(self.version, signing.verifier(self.trusted))
        return ModelScorer(self.package, self.features, self.timezone)


def _check_features(job: Job, package: Package) -> None:
    if package.manifest.recipe.features != job.features:
        raise PackageRefused(
            f"model {package.name} {package.version} was fitted with other features than the job file has now",
            fix="run `recheck fit` again, or pin the version that fits by [model] version",
        )


def versions() -> dict[str, str]:
    """Return the versions of the libraries that could change a bit of the output."""
    return installed(["numpy", "pyarrow", "recheck-loop", "scikit-learn"])
