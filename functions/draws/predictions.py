"""The predictions of a batch as the sampler sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from functions.app import App
from functions.batches.attempts import Attempt
from functions.batches.model import trusted_keys
from infra import signing
from pipelines.columns.buffers import coded_texts, floats
from pipelines.identity.ids import keyed_hashes
from pipelines.identity.keyed_hash import parse_hex
from pipelines.job.sections import SEEN_IN_TRAINING
from pipelines.sampling.population import (
    CodedText,
    Population,
    cohort_codes,
    score_grid,
    value_grid,
)
from pipelines.tables.snapshot import Tables

_COLUMNS = ("prediction_id", "key", "version", "label", "value", "score", "cohorts")


@dataclass(frozen=True, slots=True)
class BatchPredictions:
    """The predictions of a batch, as a table and as the sampler sees them."""

    table: pa.Table
    ids: list[str]
    population: Population

    def row(self, place: int) -> dict[str, Any]:
        """What a sample keeps of a prediction."""
        row = self.table.slice(place, 1).to_pylist()[0]
        cohorts = {
            c.name: c.values[c.codes[place]] for c in self.population.cohorts if c.codes[place] >= 0
        }
        return {**row, "cohorts": cohorts}


def read(app: App, tables: Tables, attempt: Attempt) -> BatchPredictions:
    """Return all predictions of a batch.

    Args:
        app: whose job.
        tables: a snapshot of the job's tables.
        attempt: the one that is live.

    Returns:
        The predictions, as a table and as a population to draw from.
    """
    table = tables.read("predictions", _COLUMNS, batch=attempt.batch).combine_chunks()
    keys = _chunk(table, "key")
    cohorts = cohort_codes(_chunk(table, "cohorts"))
    seen = _seen(app, attempt.version, keys)
    if app.job.task == "classification":
        labels = CodedText.of("label", _chunk(table, "label"))
        grid = score_grid(floats(_chunk(table, "score")))
    else:
        labels = CodedText.single("label", table.num_rows)
        grid = value_grid(floats(_chunk(table, "value")))
    ids = parse_hex(_chunk(table, "prediction_id"))
    draws = keyed_hashes(app.job.sampling.seed, "sample", attempt.batch, keys)
    population = Population(ids, draws, labels, grid, (*cohorts, *seen))
    return BatchPredictions(table, table["prediction_id"].to_pylist(), population)


def _chunk(table: pa.Table, name: str) -> pa.Array:
    column = table[name].combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def _seen(app: App, version: str, keys: pa.Array) -> tuple[CodedText, ...]:
    """Whether the model was trained on the row, where that is known."""
    if app.job.model is None:
        return ()
    registry = app.store.registry(app.job.model.name)
    if not registry.has(version):
        return ()
    package = registry.open(version, signing.verifier(trusted_keys(app)))
    hashes = keyed_hashes(app.job.sampling.seed, "training", "", keys)[:, 0]
    codes = package.seen_in_training(hashes).astype(np.int32)
    return (CodedText.of(SEEN_IN_TRAINING, coded_texts(codes, ["false", "true"])),)
