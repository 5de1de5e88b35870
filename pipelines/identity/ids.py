"""What makes two rows, two questions, two labels and two inputs the same.

A scored row is its prediction id, which no version and no float enters; a
question is a prediction and what people see of it; labels are compared in one
spelling; an input is the digest of its rows. The hash behind all of them is
H128 (`hashing`).
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from pipelines.columns.buffers import Hashes
from pipelines.identity.keyed_hash import hashes, subkey

ChancePurpose = Literal["sample", "fit", "overlap", "training"]


def keyed_hashes(seed: str, purpose: ChancePurpose, batch: str, keys: pa.Array) -> Hashes:
    """The random numbers of one purpose, one per key of a batch: (n, 2).

    Each purpose draws its own: with one hash for all, the rows that people
    check would be the rows that the model was trained on. Each batch draws its
    own: else the same customers are asked every week.
    """
    return hashes(subkey(seed, purpose, batch), keys)


def prediction_ids(seed: str, job: str, batch: str, keys: pa.Array) -> Hashes:
    """The identifiers of scored rows: (n, 2), as text by `hex_text`.

    They hold for every version of the model, and only who knows the seed can
    tell a key from its identifier.
    """
    return hashes(subkey(seed, "prediction_id", job, batch), keys)
