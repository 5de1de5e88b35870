"""Rows and questions keep their identity; different purposes draw differently."""

from __future__ import annotations

import subprocess
import sys

from pipelines.columns.buffers import texts
from pipelines.identity.ids import keyed_hashes, prediction_ids
from pipelines.identity.keyed_hash import hex_text

KEYS = texts(["007", "7", "Grüße", "x" * 300])


def test_identifiers_never_change() -> None:
    """Version 1, for ever: answers are joined to predictions by these."""
    ids = prediction_ids("seed", "flights", "2026-11-20", KEYS)

    assert hex_text(ids).to_pylist() == [
        "ef6e2b6b18cea1457af5f324f5f52966",
        "e3648b8b6a9631a747e4da5cf2563a72",
        "094224d8f5f3815ea3b3980f7d5a64c6",
        "d397b10661d45bcabdc957af4cef6e1d",
    ]
    assert (
        hex_text(keyed_hashes("seed", "sample", "2026-11-20", KEYS)).to_pylist()[0]
        == "c7ecad216c62add1fbce3d3c4232c359"
    )


def test_every_part_of_a_name_makes_another_identifier() -> None:
    """Seed, job, batch, key and purpose: no two agree on a single row."""
    columns = [
        prediction_ids("seed", "job", "batch", KEYS),
        prediction_ids("seed2", "job", "batch", KEYS),
        prediction_ids("seed", "job2", "batch", KEYS),
        prediction_ids("seed", "job", "batch2", KEYS),
        prediction_ids("seed", "jobb", "atch", KEYS),
        keyed_hashes("seed", "sample", "batch", KEYS),
        keyed_hashes("seed", "fit", "batch", KEYS),
        keyed_hashes("seed", "sample", "batch2", KEYS),
    ]

    ids = [text for column in columns for text in hex_text(column).to_pylist()]

    assert len(set(ids)) == len(columns) * len(KEYS)


def test_needs_neither_pandas_nor_an_engine() -> None:
    """Hashing, digests and labels stay on the cold path, also while they run."""
    program = """
import sys, numpy as np, pyarrow as pa
from pipelines.columns import buffers as columns, spelling
from pipelines.identity import ids as identity, keyed_hash, row_digests
words = columns.texts(["a", None, "a", "b"] * 600)
numbers = columns.float_array([1.0, 1e-9, float("nan"), 0.5] * 600)
batch = pa.RecordBatch.from_arrays([words, numbers, words.dictionary_encode()], names=["x", "y", "z"])
row_digests.Digest().add(row_digests.row_digests(batch, ["x", "y", "z"]))
ids = identity.prediction_ids("seed", "job", "batch", columns.texts(["a", "b" * 300]))
keyed_hash.parse_hex(keyed_hash.hex_text(ids))
for column in batch.columns:
    spelling.canonical_text(column)
heavy = {"pandas", "scipy", "sklearn", "apache_beam"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
