"""Row digests against one computed in Python integers, and what they must notice."""

from __future__ import annotations

import datetime as dt
import math
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SchemaMismatch
from pipelines.identity import row_digests as digests
from pipelines.identity.keyed_hash import hashes, subkey
from pipelines.identity.row_digests import Digest, row_digests

MASK = 2**64 - 1
FLOATS = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -0.0, math.nan, 1.0]))
TEXTS = st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["a", "b" * 300]))
ROWS = st.lists(st.tuples(FLOATS, TEXTS, st.one_of(st.none(), st.integers(-5, 5))), max_size=25)
KINDS = (("amount", pa.float64()), ("name", pa.string()), ("count", pa.int64()))


def _batch(rows: list[Any]) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in rows], kind) for i, (_, kind) in enumerate(KINDS)]
    return pa.RecordBatch.from_arrays(columns, names=[name for name, _ in KINDS])


def _one(column: pa.Array, name: str = "x") -> list[list[int]]:
    batch = pa.RecordBatch.from_arrays([column], names=[name])
    rows: list[list[int]] = row_digests(batch, [name]).tolist()
    return rows


def _expected(row: tuple[float | None, str | None, int | None]) -> list[int]:
    """The definition, in integers of any size."""
    kinds = ("number", "text", "integer")
    lanes = []
    for lane in "01":
        total = 0
        for (name, _), kind, value in zip(KINDS, kinds, row, strict=True):
            numbers = subkey("row digest", name, kind, lane)
            start, factor = (int.from_bytes(numbers[i : i + 8], "little") for i in (0, 8))
            word = _word(value)
            total += start + (factor | 1) * (word ^ (word >> 32))
        lanes.append(_finalized(total & MASK))
    return lanes


def _word(value: float | str | None) -> int:
    match value:
        case None:
            return 0x9E3779B97F4A7C15
        case str():
            return int(hashes(subkey("row digest", "text"), pa.array([value]))[0, 0])
        case int():
            return value & MASK
    bits: int = struct.unpack("<Q", struct.pack("<d", value + 0.0))[0]
    return 0x7FF8000000000000 if math.isnan(value) else bits


def _finalized(word: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        word = ((word ^ (word >> 33)) * factor) & MASK
    return word ^ (word >> 33)


@given(ROWS)
def test_is_its_definition(rows: list[Any]) -> None:
    """Two keyed linear sums of the values' words, each finalized."""
    seen = row_digests(_batch(rows), ["name", "amount", "count"])

    assert seen.tolist() == [_expected(row) for row in rows]


@given(ROWS, st.integers(1, 5), st.data())
def test_depends_on_the_row_alone(rows: list[Any], block: int, data: st.DataObject) -> None:
    """Not on the other rows, the block, the order of names, or how a column is held."""
    batch = _batch(rows)
    expected = row_digests(batch, ["amount", "name", "count"])
    start = data.draw(st.integers(0, len(rows)))
    coded = batch.set_column(1, "name", batch.column(1).dictionary_encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "_BLOCK", block)
        patch.setattr(digests, "_PROBE", 4)
        seen = [row_digests(part, ["count", "name", "amount"]) for part in (batch, coded)]

    assert np.array_equal(seen[0], expected)
    assert np.array_equal(seen[1], expected)
    assert np.array_equal(
        row_digests(batch.slice(start), ["name", "count", "amount"]), expected[start:]
    )


@given(ROWS, st.randoms())
def test_a_set_has_one_digest_in_any_order(rows: list[Any], random: Any) -> None:
    """Shuffled and split, the same rows give the same text."""
    every = row_digests(_batch(rows), ["amount", "name", "count"])
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    cut = random.randint(0, len(rows))

    parts = [Digest().add(every[shuffled[:cut]]), Digest().add(every[shuffled[cut:]])]

    assert parts[0].merge(parts[1]) == parts[1].merge(parts[0]) == Digest().add(every)
    assert Digest().add(every).total == sum((h << 64) + low for h, low in every.tolist()) % 2**128


def test_notices_values_that_swap_rows() -> None:
    """(1, "a"), (2, "b") is not (2, "a"), (1, "b"), though each column holds the same."""
    one, other = _batch([(1.0, "a", 0), (2.0, "b", 0)]), _batch([(2.0, "a", 0), (1.0, "b", 0)])

    texts = [Digest().add(row_digests(batch, batch.schema.names)).text for batch in (one, other)]

    assert texts[0] != texts[1]


def test_notices_values_that_swap_columns() -> None:
    names = ["a", "b"]
    one = pa.RecordBatch.from_arrays([pa.array([1.0]), pa.array([2.0])], names=names)
    other = pa.RecordBatch.from_arrays([pa.array([2.0]), pa.array([1.0])], names=names)

    assert not np.array_equal(row_digests(one, names), row_digests(other, names))


def test_null_zero_empty_and_absent_all_differ() -> None:
    """Nor is a null of one kind a value of it, and a column of zeros is not no column."""
    nothing = pa.RecordBatch.from_arrays([pa.array([0.0]), pa.array([0])], names=["x", "y"])

    seen = [
        *_one(pa.array([None, 0.0, math.nan, 1.0], pa.float64())),
        *_one(pa.array([None, 0, 1], pa.int64())),
        *_one(pa.array([None, "", "0"], pa.string())),
        *_one(pa.array([None, b""], pa.binary())),
        *_one(pa.array([None, False, True], pa.bool_())),
        *_one(pa.nulls(1)),
        *row_digests(nothing, ["x", "y"]).tolist(),
        *row_digests(nothing, []).tolist(),
    ]

    assert len({tuple(row) for row in seen}) == len(seen)


def test_spellings_of_one_number_are_one_number() -> None:
    """-0.0 is 0.0, every NaN is NaN, and a narrower column holds the same values."""
    other_nan = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]
    values = [0.0, math.nan, 1.5]

    expected = _one(pa.array(values, pa.float64()))

    assert _one(pa.array([-0.0, other_nan, 1.5], pa.float64())) == expected
    assert _one(pa.array(values, pa.float32())) == expected
    assert _one(pa.array([1, 2], pa.int8())) == _one(pa.array([1, 2], pa.int64()))
    assert _one(pa.array([1, 2], pa.uint64())) == _one(pa.array([1, 2], pa.int64()))


def test_a_moment_is_the_same_in_every_time_zone() -> None:
    """The unit of a time counts; the zone only shows it."""
    moment = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)
    zones = [
        pa.timestamp("us", "UTC"),
        pa.timestamp("us", "Europe/Vienna"),
        pa.timestamp("ms", "UTC"),
    ]

    utc, vienna, millis = (_one(pa.array([moment], zone)) for zone in zones)

    assert utc == vienna != millis


def test_a_dictionary_may_hold_nulls_repeats_and_nothing() -> None:
    """What Arrow allows in a dictionary does not reach the digest."""
    indices = pa.array([0, 1, 2, None], pa.int32())
    coded = pa.DictionaryArray.from_arrays(indices, pa.array(["a", None, "a"]))
    empty = pa.DictionaryArray.from_arrays(pa.array([None], pa.int32()), pa.array([], pa.string()))

    assert _one(coded) == _one(pa.array(["a", None, "a", None]))
    assert _one(empty) == _one(pa.array([None], pa.string()))
    assert _one(pa.array([None] * 2000, pa.string())) == _one(pa.array([None], pa.string())) * 2000


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_nested_values_are_refused_with_the_way_out(value: object) -> None:
    with pytest.raises(SchemaMismatch, match=r"column 'x' has the type .*\n.*write it as text"):
        _one(pa.array([value]))


def test_no_two_of_many_like_rows_collide() -> None:
    """All 90,000 pairs of small whole numbers, the hardest for sums of products."""
    first, second = np.divmod(np.arange(90_000), 300)
    columns = [pa.array(side.astype(np.float64)) for side in (first, second)]
    batch = pa.RecordBatch.from_arrays(columns, names=["a", "b"])

    seen = row_digests(batch, ["a", "b"])

    for half in (seen[:, 0], seen[:, 1]):
        assert len(np.unique(half)) == 90_000
        counts = np.bincount((half >> np.uint64(56)).astype(np.int64), minlength=256)
        assert abs(((counts - 90_000 / 256) ** 2).sum() / (90_000 / 256) - 255) < 5 * 22.6


@pytest.mark.parametrize("part", [1, 100, 10_000])
def test_values_that_are_hashed_in_parts_have_the_same_digests(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [b"x" * 40, None, b"", b"y" * 500, b"x" * 40] * 300
    column = pa.record_batch({"picture": pa.array(values, pa.binary())})
    whole = row_digests(column, ["picture"])
    monkeypatch.setattr(digests, "_PART", part)

    assert (row_digests(column, ["picture"]) == whole).all()


def test_digests_never_change() -> None:
    """Version 1, for ever: a changed digest would make every scored batch look changed."""
    batch = _batch([(1.5, "a", 3), (None, None, None)])

    assert (
        Digest().add(row_digests(batch, batch.schema.names)).text
        == "2-c2a5462001bef0ae7d0886b7c20ffb7d"
    )
