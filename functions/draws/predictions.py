"""The predictions of a batch as the sampler sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from functions.batches.attempts import Attempt, FileDigests, has_class_scores
from functions.batches.model import trusted_keys
from functions.erasure.tombstones import are_tombstones
from infra import signing
from infra.settings import Settings
from infra.store import Store
from pipelines.columns.buffers import Hashes, coded_texts, floats
from pipelines.columns.relations import column
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import parse_hex, subkey
from pipelines.job.job_file import Job
from pipelines.models.package import Package
from pipelines.sampling.leakage import SEEN
from pipelines.sampling.population import (
    MISSING,
    CodedText,
    Population,
    cohort_codes,
    score_grid,
    value_grid,
)
from pipelines.scoring.scorers import GivenPredictions, ModelScorer, Scorer
from pipelines.tables.snapshot import Tables

_COLUMNS = ("prediction_id", "key", "version", "label", "value", "score", "cohorts")
_CLASS_SCORE = "class_score"


@dataclass(frozen=True, slots=True)
class BatchPredictions:
    """The predictions of a batch, as a table and as the sampler sees them."""

    table: pa.Table
    ids: list[str]
    population: Population

    def row(self, number: int) -> dict[str, Any]:
        """Return what a sample keeps of a prediction, by its number in the table."""
        row = self.table.select(_COLUMNS).slice(number, 1).to_pylist()[0]
        cohorts = {
            cohort.name: cohort.values[cohort.codes[number]]
            for cohort in self.population.cohorts
            if cohort.codes[number] != MISSING
        }
        return {**row, "cohorts": cohorts}


def read(
    job: Job,
    tables: Tables,
    attempt: Attempt,
    package: Package | None,
    digests: FileDigests,
) -> BatchPredictions:
    """Return all predictions of a batch, from files that are as they were published.

    Args:
        job: the job file.
        tables: a snapshot of the job's tables.
        attempt: the live scoring of the batch.
        package: of the version that scored the batch, if it is there.
        digests: of the files of the attempt; none of an earlier release.

    Returns:
        The predictions, as a table and as a population to draw from.

    Raises:
        StoreUnavailable: a file is missing, broken, or was changed since.
    """
    asks = job.sampling.for_ is not None and has_class_scores(attempt.rules, job)
    columns = (*_COLUMNS, _CLASS_SCORE) if asks else _COLUMNS
    expected = digests.get("predictions")
    rows = tables.read("predictions", columns, batch=attempt.batch, digests=expected)
    table = rows.combine_chunks()
    keys, seed = column(table, "key"), job.sampling.seed
    cohorts = cohort_codes(column(table, "cohorts"))
    if job.task == "classification":
        labels = CodedText.of("label", column(table, "label"))
        grid = score_grid(floats(column(table, "score")))
    else:
        labels = CodedText.single("label", table.num_rows)
        grid = value_grid(floats(column(table, "value")))
    ids = parse_hex(column(table, "prediction_id"))
    draws = keyed_hashes(seed, "sample", attempt.batch, keys)
    _place_tombstones(tables, attempt.batch, table, draws)
    divided = (*cohorts, *_seen(package, seed, keys))
    chances = score_grid(floats(column(table, _CLASS_SCORE))).points if asks else None
    population = Population(ids, draws, labels, grid, divided, chances)
    return BatchPredictions(table, table["prediction_id"].to_pylist(), population)


def _place_tombstones(tables: Tables, batch: str, rows: pa.Table, draws: Hashes) -> None:
    """Let forgotten rows come first where they were drawn, and last where they were not.

    Their own hashes are gone with their keys; so a later draw keeps the one, and never asks about the other.
    """
    places = np.flatnonzero(are_tombstones(rows["key"]))
    if len(places):
        samples = tables.read("samples", ["prediction_id"], batch=batch)
        drawn = set(samples["prediction_id"].to_pylist())
        names = rows["prediction_id"].take(places).to_pylist()
        draws[places] = [[0 if name in drawn else 2**64 - 1] * 2 for name in names]


def package_of(job: Job, store: Store, settings: Settings, version: str) -> Package | None:
    """Open the package that scored a batch.

    Args:
        job: the job file.
        store: holds the packages.
        settings: name the trusted keys.
        version: of the model that scored the batch.

    Returns:
        The package; None where another system scored, or it is not there any more.

    Raises:
        PackageRefused: it is unsigned, changed or foreign.
    """
    if job.model is None:
        return None
    registry = store.registry(job.model.name)
    if not registry.has(version):
        return None
    return registry.open(version, signing.verifier(trusted_keys(settings)))


def scorer_of(job: Job, package: Package | None) -> Scorer | None:
    """Return a scorer for the probabilities of each class; None where there is none.

    There is none for numbers, and none for a package that was fitted with other
    features than the job file has now.
    """
    if job.task != "classification":
        return None
    if job.predictions is not None:
        return GivenPredictions(job.predictions, job.task)
    if package is None or package.manifest.recipe.features != job.features:
        return None
    return ModelScorer(package, job.features, job.batches.timezone)


def _seen(package: Package | None, seed: str, keys: pa.Array) -> tuple[CodedText, ...]:
    """Return whether the model was trained on each row, as a cohort.

    There is none without a package, nor with one of another seed, whose hashes tell nothing here.
    """
    if package is None or package.manifest.recipe.seed_digest != subkey("seed", seed).hex():
        return ()
    hashes = keyed_hashes(seed, "training", "", keys)[:, 0]
    codes = package.seen_in_training(hashes).astype(np.int32)
    return (CodedText.of(SEEN, coded_texts(codes, ["false", "true"])),)
