"""The model package: made by a fit, signed, and opened by everything that scores.

::

    <store>/models/<name>/<version>/
        manifest.json       recipe, statistics, metrics, and the digest of every file
        signature.json      a key's signature of manifest.json
        evaluator/*         the model: plain arrays, or an estimator in skops' format
        golden/*.arrow      rows, and what the model said about them
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
import numpy.typing as npt
import pyarrow as pa

from pipelines.errors import PackageRefused, VersionsDiffer
from pipelines.features.fitted import FittedStatistics
from pipelines.features.mapper import Mapper
from pipelines.features.user_function import Prepare, load_function, source_digest
from pipelines.models import golden_rows
from pipelines.models.evaluator import Evaluator, Scores, load_evaluator
from pipelines.models.manifest import EvaluatorNote, Manifest, Recipe, installed, minor, version_of
from pipelines.models.sealed_folder import SIGNATURE, notes_of, read_sealed, write_sealed
from pipelines.models.signatures import Sign, Verify
from pipelines.tables.files import Files

_EVALUATOR: Final = "evaluator/"
_GOLDEN: Final = "golden/rows.arrow"
_GOLDEN_SCORES: Final = "golden/scores.arrow"
_TRAINING_KEYS: Final = "training_keys.bin"
_FUNCTION: Final = "function.py"
_LIBRARIES: Final = ("numpy", "pyarrow", "pillow", "recheck-loop", "scikit-learn", "scipy", "skops")

KeyHashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """What a fit hands over to be packaged."""

    recipe: Recipe
    statistics: FittedStatistics
    evaluator: Evaluator
    reason: str  # why this kind of evaluator
    metrics: Mapping[str, float]
    golden: pa.RecordBatch  # rows as the mapper takes them; the first 16 are kept
    training_keys: KeyHashes  # (n,), in any order
    function: bytes | None = None  # the source of the user's function
    notes: tuple[str, ...] = ()
    job_hash: str = ""
    code_revision: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """A verified model, ready to score."""

    manifest: Manifest
    mapper: Mapper
    evaluator: Evaluator
    training_keys: KeyHashes  # (n,), ascending
    function_source: bytes | None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.recipe.name

    @property
    def version(self) -> str:
        """Hash of the recipe: 12 hex digits."""
        return self.manifest.version

    @property
    def labels(self) -> tuple[str, ...]:
        """The label set in the order of its codes; empty for numbers."""
        return self.manifest.recipe.labels

    def function(self) -> Prepare | None:
        """The user's function that runs before the mapper, from the package's own copy."""
        reference = self.manifest.recipe.features.function
        if reference is None or self.function_source is None:
            return None
        return load_function(reference, self.function_source)

    def predict(self, rows: pa.RecordBatch) -> Scores:
        """Score rows that have the columns of the features, in their types.

        Raises:
            BadCells: some rows cannot be mapped.
        """
        return self.evaluator.predict(self.mapper.map(rows))

    def seen_in_training(self, hashes: KeyHashes) -> npt.NDArray[np.bool_]:
        """Which keys were among the training rows: hashes (n,) to bool (n,)."""
        if not len(self.training_keys):
            return np.zeros(len(hashes), dtype=np.bool_)
        at = np.searchsorted(self.training_keys, hashes)
        found: npt.NDArray[np.bool_] = self.training_keys.take(at, mode="clip") == hashes
        return found


@dataclass(frozen=True, slots=True)
class Written:
    """The package that a fit made, or found made."""

    version: str
    is_new: bool  # False: the same was there already, and nothing was written


def write(models: Files, draft: TrainedModel, *, sign: Sign) -> Written:
    """Package, prove and sign a model; atomically, and not at all if it is there.

    Args:
        models: the packages of all models, `<store>/models`.
        draft: the model.
        sign: from `infra.signing`.

    Returns:
        The version, and whether it is new.

    Raises:
        PackageRefused: what was packaged does not compute what was fitted.
        StoreUnavailable: the place cannot be written.
    """
    version = version_of(draft.recipe)
    place = models.under(f"{draft.recipe.name}/{version}")
    if place.head(SIGNATURE) is not None:
        return Written(version, is_new=False)
    files = _files(draft)
    manifest = _manifest(draft, files)
    _assembled(manifest, files)  # proves that it opens, before it is signed
    content = manifest.to_json()
    is_new = write_sealed(place, files, content, sign(content).to_json())
    return Written(version, is_new=is_new)


def _files(draft: TrainedModel) -> dict[str, bytes]:
    mapper = Mapper(draft.recipe.features, draft.statistics)
    rows = golden_rows.golden_rows(draft.golden, mapper)
    scores = draft.evaluator.predict(mapper.map(rows))
    files = {_EVALUATOR + name: data for name, data in draft.evaluator.files().items()}
    files[_GOLDEN] = golden_rows.to_arrow(rows)
    files[_GOLDEN_SCORES] = golden_rows.to_arrow(golden_rows.scores_to_batch(scores))
    files[_TRAINING_KEYS] = np.sort(draft.training_keys).astype("<u8").tobytes()
    if draft.function is not None:
        files[_FUNCTION] = draft.function
    return files


def _manifest(draft: TrainedModel, files: Mapping[str, bytes]) -> Manifest:
    evaluator = draft.evaluator
    return Manifest(
        version=version_of(draft.recipe),
        recipe=draft.recipe,
        statistics=draft.statistics,
        evaluator=EvaluatorNote(
            kind=evaluator.kind,
            reason=draft.reason,
            config=evaluator.config(),
            libraries=installed(evaluator.libraries),
        ),
        metrics=dict(draft.metrics),
        notes=draft.notes,
        job_hash=draft.job_hash,
        code_revision=draft.code_revision,
        libraries=installed(_LIBRARIES),
        files=notes_of(files),
    )


def open_package(models: Files, name: str, version: str, *, verify: Verify) -> Package:
    """Open a package that a trusted key signed, that is whole, and that computes here what it did.

    Args:
        models: the packages of all models, `<store>/models`.
        name: of the model.
        version: of the model.
        verify: from `infra.signing`.

    Returns:
        The package.

    Raises:
        PackageRefused: it is unsigned, changed or foreign, or its golden rows
            come out differently.
        VersionsDiffer: it is none of that, but was made by other versions.
    """
    manifest, files = read_sealed(models.under(f"{name}/{version}"), verify=verify)
    _check_place(manifest, (name, version))
    _check_libraries(manifest)
    return _assembled(manifest, files)


def _check_place(manifest: Manifest, place: tuple[str, str]) -> None:
    name, version = manifest.recipe.name, manifest.version
    if place != (name, version) or version != version_of(manifest.recipe):
        raise PackageRefused(
            f"the package in {'/'.join(place)} is {name} {version}: it was put in the place of another",
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
    """The package of verified files, whose golden rows come out as they did."""
    recipe = manifest.recipe
    function = files.get(_FUNCTION)
    if (None if function is None else source_digest(function)) != recipe.function:
        raise PackageRefused(
            "the user's function in the package is not the one of its recipe",
            fix="fit the model again",
        )
    mapper = Mapper(recipe.features, manifest.statistics)
    own = {
        name.removeprefix(_EVALUATOR): data
        for name, data in files.items()
        if name.startswith(_EVALUATOR)
    }
    evaluator = load_evaluator(manifest.evaluator.kind, manifest.evaluator.config, own)
    expected = golden_rows.scores_from_batch(golden_rows.from_arrow(files[_GOLDEN_SCORES]))
    golden_rows.check(golden_rows.from_arrow(files[_GOLDEN]), expected, mapper, evaluator)
    keys = np.frombuffer(files[_TRAINING_KEYS], dtype="<u8")
    return Package(manifest, mapper, evaluator, keys, function)
