"""Prediction ids, and the random numbers of sampling: keyed hashes of rows' keys.

A scored row is identified by its prediction id, a keyed hash of (seed, job, batch,
key): no model version and no float is part of it. The hash is H128, defined in
`keyed_hash`.
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from pipelines.columns.buffers import Hashes
from pipelines.identity.keyed_hash import hashes, subkey

ChancePurpose = Literal["sample", "fit", "overlap", "training", "queue"]


def keyed_hashes(seed: str, purpose: ChancePurpose, batch: str, keys: pa.Array) -> Hashes:
    """Draw the random numbers of one purpose, one per key of a batch.

    Each purpose has its own: with one hash for all, the rows that people check
    would be the rows that the model was trained on. Each batch has its own: else
    the same customers would be asked about every week.

    Args:
        seed: the job's secret seed.
        purpose: what the numbers decide.
        batch: the batch's name.
        keys: the rows' keys (n,), text without nulls.

    Returns:
        Hashes (n, 2), the same for the same arguments on every machine.
    """
    return hashes(subkey(seed, purpose, batch), keys)


def prediction_ids(seed: str, job: str, batch: str, keys: pa.Array) -> Hashes:
    """Return the identifiers of scored rows.

    An identifier is the same for every version of the model. Without the seed,
    nobody can find the key that belongs to it.

    Args:
        seed: the job's secret seed.
        job: the job's name.
        batch: the batch's name.
        keys: the rows' keys (n,), text without nulls.

    Returns:
        Hashes (n, 2); `hex_text` writes them as tables hold them.
    """
    return hashes(subkey(seed, "prediction_id", job, batch), keys)
