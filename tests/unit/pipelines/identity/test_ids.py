"""Rows and questions keep their identity; different purposes draw differently."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.questions.shown import shown_digest, shown_json
from pipelines.columns.buffers import texts
from pipelines.identity.ids import keyed_hashes, prediction_ids
from pipelines.identity.keyed_hash import hex_text

KEYS = texts(["007", "7", "Grüße", "x" * 300])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e9, 1e9)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


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


def test_shown_keeps_order_and_script() -> None:
    """People see the columns in the job's order, and their own letters."""
    assert shown_json({"b": "Größe", "a": None}) == '{"b":"Größe","a":null}'


def test_shown_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="JSON"):
        shown_json({"a": float("nan")})


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_a_question_survives_another_writer(values: dict[str, object]) -> None:
    """Keys reordered, letters escaped, 1.0 written as 1: the same question."""
    shown = shown_json(values)
    rewritten = json.dumps(json.loads(shown), sort_keys=True, indent=1)
    as_javascript = json.dumps(json.loads(shown, parse_float=_as_javascript))

    assert shown_digest("Late?", rewritten) == shown_digest("Late?", shown)
    assert shown_digest("Late?", as_javascript) == shown_digest("Late?", shown)


def _as_javascript(number: str) -> float:
    return int(float(number)) if float(number).is_integer() else float(number)


@pytest.mark.parametrize(
    "question, shown",
    [
        ("late?", '{"a":1,"b":"2"}'),
        ("Late?", '{"a":1,"b":2}'),
        ("Late?", '{"a":1}'),
        ("Late?", '{"a":1,"b":"2","c":null}'),
        ("Late?", '{"a":true,"b":"2"}'),
        ("Late?", '{"a":1.0000001,"b":"2"}'),
        ('Late?{"a":1,"b":"2"}', "{}"),
    ],
)
def test_what_people_see_makes_another_question(question: str, shown: str) -> None:
    assert shown_digest(question, shown) != shown_digest("Late?", '{"a":1,"b":"2"}')


def test_questions_never_change() -> None:
    """Version 1, for ever: answers are joined to questions by these."""
    assert shown_digest("Late?", '{"a":1.0,"b":"é"}') == "c14233ad6eeccccb92dc77952a32d997"


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
