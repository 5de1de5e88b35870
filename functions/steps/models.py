"""The model that a job scores with: its newest package, the pinned one, or another system's columns."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from functions.app import App
from infra import signing
from pipelines.errors import PackageRefused, StepMissing
from pipelines.job.job_file import Job
from pipelines.models.manifest import installed
from pipelines.models.package import Package, open_package
from pipelines.scoring.scorers import GivenPredictions, ModelScorer, Scorer
from pipelines.tables.store_errors import store_errors

UNVERSIONED = "unversioned"
_LIVE = "live"


@dataclass(frozen=True, slots=True)
class Live:
    """What scores from now on."""

    version: str
    open_scorer: Callable[[], Scorer]  # travels to workers


def live(app: App) -> Live:
    """The scorer of a job, opened and checked once here, so that nothing starts with a bad package.

    Raises:
        StepMissing: there is no package yet.
        PackageRefused: the package is unsigned, changed or foreign.
    """
    if app.job.predictions:
        return Live(UNVERSIONED, partial(GivenPredictions, app.job))
    folder, trusted = folder_of(app), _trusted(app)
    package = open_package(folder, verify=signing.verifier(trusted))
    _check_features(app.job, package)
    return Live(folder.name, _Opener(app.job, folder, tuple(trusted), package))


def _trusted(app: App) -> Sequence[bytes]:
    return signing.trusted_keys(app.settings.trusted_keys, app.settings.signing_key)


def is_usable(app: App, folder: Path) -> bool:
    """Whether a package is there and would be scored with.

    One that is there and would be refused is set aside, under a name that
    nobody looks at: else it would stand in the way of what replaces it.
    """
    if not folder.is_dir():
        return False
    try:
        open_package(folder, verify=signing.verifier(_trusted(app)))
    except PackageRefused as error:
        aside = folder.with_name(f".{folder.name}.refused.{secrets.token_hex(4)}")
        app.say(f"{error.problem}; it is set aside as {aside.name}")
        with (
            store_errors(str(folder.parent)),
            suppress(FileNotFoundError),
        ):  # another fit was faster
            folder.rename(aside)
        return False
    return True


@dataclass
class _Opener:
    """Opens the package anew in each worker; here it is open already."""

    job: Job
    package_folder: Path
    trusted: tuple[bytes, ...]
    package: Package | None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "package": None}

    def __call__(self) -> Scorer:
        if self.package is None:
            self.package = open_package(self.package_folder, verify=signing.verifier(self.trusted))
        return ModelScorer(self.job, self.package)


def _check_features(job: Job, package: Package) -> None:
    if package.manifest.recipe.features != job.features:
        raise PackageRefused(
            f"model {package.name} {package.version} was fitted with other features than the job file has now",
            fix="run `recheck fit` again, or pin the version that fits by [model] version",
        )


def folder_of(app: App) -> Path:
    """The package that is live: the pinned version, else the one that was fitted last.

    Raises:
        StepMissing: there is none.
    """
    model = app.job.model
    if model is None:
        raise StepMissing(
            "the job has no [model]", fix="name one, or score predictions made elsewhere"
        )
    models = app.store.models(model.name)
    version = model.version or _newest(models)
    if version is None:
        raise StepMissing(f"model {model.name!r} has no version yet", fix="run `recheck fit` first")
    if not (models / version).is_dir():
        known = ", ".join(sorted(path.name for path in models.glob("[!.]*/"))) or "none"
        raise StepMissing(
            f"model {model.name!r} has no version {version!r}; there is {known}",
            fix="correct [model] version, or run `recheck fit`",
        )
    return models / version


def _newest(models: Path) -> str | None:
    """The version that `fit` named last."""
    with store_errors(str(models.parent)):
        try:
            return (models.parent / f"{models.name}.{_LIVE}").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None


def make_live(models: Path, version: str) -> None:
    """Name the version that is scored with from now on."""
    scratch = models.parent / f".{models.name}.{_LIVE}.{os.getpid()}"
    with store_errors(str(models.parent)):
        scratch.write_text(version + "\n", encoding="utf-8")
        scratch.replace(models.parent / f"{models.name}.{_LIVE}")


def versions() -> dict[str, str]:
    """What could change a bit of the output: libraries."""
    return installed(["numpy", "pyarrow", "recheck-loop", "scikit-learn"])
