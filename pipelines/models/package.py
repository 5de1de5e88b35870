"""The model package: made by a fit, signed, and opened by everything that scores.

::

    <store>/models/<name>/<version>/
        manifest.json       recipe, statistics, metrics, and the digest of every file
        signature.json      a key's signature of manifest.json
        evaluator/*         the model: plain arrays, or an estimator in skops' format
        golden/*.arrow      rows, and the model's scores for them
        training_keys.bin   hashes of the training rows' keys, sorted, 8 bytes each
        function.py         the user's own function, if there is one

Nothing in it is ever unpickled, and nothing is interpreted before a trusted
signature over all of it was verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Bools, Hashes
from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapper import Mapper
from pipelines.features.user_function import Prepare, load_function, source_digest
from pipelines.models import golden_rows
from pipelines.models.evaluator import Evaluator, Scores, load_evaluator
from pipelines.models.manifest import EvaluatorNote, Manifest, Recipe, installed, minor, version_of
from pipelines.models.sealed_folder import SIGNATURE, notes_of, read_sealed, write_sealed
from pipelines.models.signature_format import Sign, Verify
from pipelines.tables.files import Files

_EVALUATOR: Final = "evaluator/"
_GOLDEN: Final = "golden/rows.arrow"
_GOLDEN_SCORES: Final = "golden/scores.arrow"
_TRAINING_KEYS: Final = "training_keys.bin"
_FUNCTION: Final = "function.py"
_LIBRARIES: Final = ("numpy", "pyarrow", "pillow", "recheck-loop", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """A model that was fitted, and is to be packaged."""

    recipe: Recipe
    statistics: FittedStatistics
    evaluator: Evaluator
    reason: str  # why this kind of evaluator
    metrics: Mapping[str, float]
    golden: pa.RecordBatch  # rows as the mapper takes them; the first 16 are kept
    training_keys: Hashes  # (n,), in any order
    function: bytes | None = None  # the source of the user's function
    notes: tuple[str, ...] = ()
    job: str | None = None  # that fitted it
    job_hash: str = ""
    code_revision: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """A verified model, ready to score."""

    manifest: Manifest
    mapper: Mapper
    evaluator: Evaluator
    training_keys: Hashes  # (n,), ascending
    function_source: bytes | None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.recipe.name

    @property
    def version(self) -> str:
        """The hash of the recipe: 12 hex digits."""
        return self.manifest.version

    @property
    def labels(self) -> tuple[str, ...]:
        """The label set in the order of its codes; empty for numbers."""
        return self.manifest.recipe.labels

    def function(self) -> Prepare | None:
        """Return the user's function that runs before the mapper, from the source in the package."""
        reference = self.manifest.recipe.features.function
        if reference is None or self.function_source is None:
            return None
        return load_function(reference, self.function_source)

    def predict(self, rows: pa.RecordBatch) -> Scores:
        """Score rows that have the columns of the features, in their types.

        Raises:
            BadValues: some rows cannot be mapped.
        """
        return self.evaluator.predict(self.mapper.map(rows))

    def seen_in_training(self, hashes: Hashes) -> Bools:
        """Return which keys were among the training rows: hashes (n,) to truth values (n,)."""
        if not len(self.training_keys):
            return np.zeros(len(hashes), dtype=np.bool_)
        at = np.searchsorted(self.training_keys, hashes)
        is_known: Bools = self.training_keys.take(at, mode="clip") == hashes
        return is_known


@dataclass(frozen=True, slots=True)
class Written:
    """The package of a fit."""

    version: str
    is_new: bool  # False: the same package existed already, and nothing was written


def write(models: Files, trained: TrainedModel, *, sign: Sign) -> Written:
    """Package, prove and sign a model, atomically; if its package exists already, do nothing.

    Args:
        models: the packages of all models, `<store>/models`.
        trained: the model.
        sign: signs the manifest, from `infra.signing`.

    Returns:
        The version, and whether it is new.

    Raises:
        PackageRefused: the packaged model computes something else than the fitted one.
        StoreUnavailable: the store cannot be written.
    """
    version = version_of(trained.recipe)
    folder = models.under(f"{trained.recipe.name}/{version}")
    if folder.head(SIGNATURE) is not None:
        return Written(version, is_new=False)
    files = _files(trained)
    manifest = _manifest(trained, files)
    _assembled(manifest, files)  # proves that it opens, before it is signed
    content = manifest.to_json()
    is_new = write_sealed(folder, files, content, sign(content).to_json())
    return Written(version, is_new=is_new)


def _files(trained: TrainedModel) -> dict[str, bytes]:
    mapper = Mapper(trained.recipe.features, trained.statistics)
    rows = golden_rows.golden_rows(trained.golden, mapper)
    scores = trained.evaluator.predict(mapper.map(rows))
    files = {_EVALUATOR + name: data for name, data in trained.evaluator.files().items()}
    files[_GOLDEN] = golden_rows.to_arrow(rows)
    files[_GOLDEN_SCORES] = golden_rows.to_arrow(golden_rows.scores_to_batch(scores))
    files[_TRAINING_KEYS] = np.sort(trained.training_keys).astype("<u8").tobytes()
    if trained.function is not None:
        files[_FUNCTION] = trained.function
    return files


def _manifest(trained: TrainedModel, files: Mapping[str, bytes]) -> Manifest:
    evaluator = trained.evaluator
    return Manifest(
        version=version_of(trained.recipe),
        recipe=trained.recipe,
        statistics=trained.statistics,
        evaluator=EvaluatorNote(
            kind=evaluator.kind,
            reason=trained.reason,
            config=evaluator.config(),
            libraries=installed(evaluator.libraries),
        ),
        metrics=dict(trained.metrics),
        notes=trained.notes,
        job=trained.job,
        job_hash=trained.job_hash,
        code_revision=trained.code_revision,
        libraries=installed(_LIBRARIES),
        files=notes_of(files),
    )


def open_package(models: Files, name: str, version: str, *, verify: Verify) -> Package:
    """Open a package whose signature is trusted, whose files are whole and whose golden rows score as before.

    Args:
        models: the packages of all models, `<store>/models`.
        name: the model's name.
        version: the model's version.
        verify: checks the signature, from `infra.signing`.

    Returns:
        The package.

    Raises:
        PackageRefused: it is unsigned, changed or foreign, or its golden rows
            come out differently.
        VersionsDiffer: it needs other versions of Recheck or of a library.
    """
    manifest, files = read_sealed(models.under(f"{name}/{version}"), verify=verify)
    _check_folder(manifest, (name, version))
    _check_libraries(manifest)
    return _assembled(manifest, files)


def _check_folder(manifest: Manifest, folder: tuple[str, str]) -> None:
    name, version = manifest.recipe.name, manifest.version
    if folder != (name, version) or version != version_of(manifest.recipe):
        raise PackageRefused(
            f"the package in {'/'.join(folder)} is {name} {version}: it was put in the place of another",
            fix="put it where it belongs, or fit the model again",
        )


def _check_libraries(manifest: Manifest) -> None:
    needed = manifest.evaluator.libraries
    here = installed(needed)
    for name, version in needed.items():
        if name not in here or minor(here[name]) != minor(version):
            raise VersionsDiffer(
                f"the model runs in {name} {minor(version)}, here is {here.get(name, 'none')}",
                fix=f"install {name}=={minor(version)}.*, or fit the model again",
            )


def _assembled(manifest: Manifest, files: Mapping[str, bytes]) -> Package:
    """Build the package of verified files, and score its golden rows."""
    recipe = manifest.recipe
    function = files.get(_FUNCTION)
    if (None if function is None else source_digest(function)) != recipe.function:
        raise PackageRefused(
            "the user's function in the package is not the one of its recipe",
            fix="fit the model again",
        )
    mapper = Mapper(recipe.features, manifest.statistics)
    parts = {
        name.removeprefix(_EVALUATOR): data
        for name, data in files.items()
        if name.startswith(_EVALUATOR)
    }
    evaluator = load_evaluator(manifest.evaluator.kind, manifest.evaluator.config, parts)
    expected = golden_rows.scores_from_batch(golden_rows.from_arrow(files[_GOLDEN_SCORES]))
    golden_rows.check(golden_rows.from_arrow(files[_GOLDEN]), expected, mapper, evaluator)
    keys = np.frombuffer(files[_TRAINING_KEYS], dtype="<u8")
    return Package(manifest, mapper, evaluator, keys, function)
