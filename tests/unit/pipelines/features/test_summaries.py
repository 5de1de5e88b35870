"""Mergeable summaries: right against numpy, and the same in any order."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.features.summaries import LEVELS, Moments, RowSample, Tally, ValueCounts, levels

_VALUES = st.floats(-1e6, 1e6)
_FRAGMENTS = st.lists(st.lists(_VALUES, max_size=8), min_size=1, max_size=8)


def _merged(summaries: list[Any], order: list[int]) -> Any:
    """Merge copies, the first into which all others go chosen by the order too."""
    first, *others = (pickle.loads(pickle.dumps(summaries[place])) for place in order)  # noqa: S301
    for other in others:
        first.merge(other)
    return first


@given(_FRAGMENTS, st.data())
def test_moments_are_numpys_in_any_order(fragments: list[list[float]], data: Any) -> None:
    """Every bit of mean and variance is the same; both are right to rounding."""
    parts = []
    for number, values in enumerate(fragments):
        parts.append(Moments())
        parts[-1].add(np.array(values), missing=number, position=(0, number))
    order = data.draw(st.permutations(range(len(parts))))

    one, other = _merged(parts, list(range(len(parts)))), _merged(parts, order)

    values = np.concatenate([np.array(part) for part in fragments])
    assert one.count == other.count == len(values)
    if len(values):
        assert (one.mean, one.variance) == (other.mean, other.variance)
        assert one.mean == pytest.approx(values.mean(), abs=1e-9 * (1 + np.abs(values).max()))
        assert one.variance == pytest.approx(values.var(), rel=1e-9, abs=1e-9)
        assert (other.minimum, other.maximum) == (values.min(), values.max())


@given(_VALUES, st.integers(1, 50))
def test_equal_values_have_no_variance(value: float, count: int) -> None:
    """0.1 added ten times and divided by ten is not 0.1, but the mean is."""
    moments = Moments()
    for place in range(3):
        moments.add(np.full(count, value), missing=0, position=(0, place))

    assert (moments.mean, moments.variance) == (value, 0.0)


def test_a_fragment_counts_once() -> None:
    """A second part from the same place would be a retry counted twice."""
    moments = Moments()
    moments.add(np.ones(2), missing=0, position=(0, 0))

    with pytest.raises(ValueError, match="added before"):
        moments.add(np.ones(2), missing=0, position=(0, 0))


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 30), _VALUES), max_size=9), max_size=6), st.data()
)
def test_a_sample_is_the_smallest_hashes_in_any_order(rows: list[Any], data: Any) -> None:
    """Also where hashes repeat, and in whatever portions the rows come."""
    parts = [RowSample(limit=7)]
    for portion in rows:
        parts.append(RowSample(limit=7))
        parts[-1].add(
            np.array([row[0] for row in portion], np.uint64), np.array([row[1] for row in portion])
        )
    order = data.draw(st.permutations(range(len(parts))))

    sample = _merged(parts, order)

    kept = sorted(row for portion in rows for row in portion)[:7]
    assert sample.seen == sum(map(len, rows))
    if kept:
        expected = np.quantile([value for _, value in kept], [0, 0.3, 1])
        assert sample.quantiles([0, 0.3, 1]) == expected.tolist()


def test_a_quantile_is_exact_until_rows_are_left_out() -> None:
    rng = np.random.default_rng(3)
    values = rng.gamma(2, size=1000)
    whole, part = RowSample(limit=1000), RowSample(limit=999)
    for sample in (whole, part):
        sample.add(rng.integers(0, 2**64, 1000, dtype=np.uint64), values)

    assert whole.quantiles([0.1, 0.9]) == np.quantile(values, [0.1, 0.9]).tolist()
    assert whole.rank_error == 0
    assert part.rank_error == pytest.approx(0.04297, abs=1e-5)


def test_a_quantile_is_within_the_stated_error() -> None:
    """In 200 samples of 500 rows at most one in ten may be off by more than the bound."""
    rng = np.random.default_rng(5)
    values = np.arange(20_000).astype(np.float64)
    off = []
    for _ in range(200):
        sample = RowSample(limit=500)
        sample.add(rng.integers(0, 2**64, len(values), dtype=np.uint64), values)
        shares = np.linspace(0.01, 0.99, 99)
        found = np.array(sample.quantiles(shares.tolist())) / len(values)
        off.append(np.abs(found - shares).max() > sample.rank_error)

    assert np.mean(off) < 0.1


def test_negative_zero_is_zero() -> None:
    """Equal values must not differ in a bit, or the order of rows would show."""
    sample, moments = RowSample(), Moments()
    sample.add(np.array([1], np.uint64), np.array([-0.0]))
    moments.add(np.array([-0.0]), missing=0, position=(0, 0))

    found = [*sample.quantiles([0.5]), moments.minimum, moments.maximum, moments.mean]
    assert [str(value) for value in found] == ["0.0"] * 4


_ROWS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcdefgh")), max_size=60)


@given(_ROWS, st.integers(1, 12), st.data())
def test_counts_depend_on_the_rows_alone(rows: list[Any], limit: int, data: Any) -> None:
    """Row by row in any order, or all at once, the same levels are forgotten."""
    parts = [ValueCounts(limit=limit)]
    for level, value in data.draw(st.permutations(rows)):
        parts.append(ValueCounts(limit=limit))
        parts[-1].add({value: 1}, level=level, rows=1)
    cut = data.draw(st.integers(1, len(parts)))
    halves = [_merged(parts[:cut], list(range(cut))), ValueCounts(limit=limit)]
    for part in parts[cut:]:
        halves[1].merge(part)

    found = _merged(halves, data.draw(st.permutations([0, 1])))

    by_level = {level: {value for at, value in rows if at == level} for level in range(LEVELS)}
    lowest = next(
        level
        for level in range(LEVELS)
        if level == LEVELS - 1 or sum(len(by_level[at]) for at in range(level, LEVELS)) <= limit
    )
    assert found.totals() == Counter(value for level, value in rows if level >= lowest)
    assert found.rows == sum(level >= lowest for level, _ in rows)
    assert found.seen == len(rows)


@pytest.mark.parametrize("first", [0, 1])
def test_what_one_worker_forgot_the_others_forget(first: int) -> None:
    """Half of a level would be no sample of rows."""
    parts = [ValueCounts(limit=1), ValueCounts(limit=1)]
    parts[0].add({"c": 1}, level=0, rows=1)
    parts[1].add({"a": 1, "b": 1}, level=0, rows=2)

    found = _merged(parts, [first, 1 - first])

    assert (found.totals(), found.rows, found.seen) == ({}, 0, 3)


def test_counts_are_exact_within_the_limit() -> None:
    counts = ValueCounts()
    counts.add({"a": 3, None: 2}, level=0, rows=5)
    counts.add({"a": 1}, level=4, rows=1)

    assert counts.totals() == {"a": 4, None: 2}
    assert counts.share == 1.0


def test_a_level_holds_half_of_those_below() -> None:
    """Leading zero bits of the hash, and the rare rest in the last level."""
    hashes = np.array([2**64 - 1, 2**63, 2**63 - 1, 2**62, 2**61, 2**49 - 1, 1, 0], np.uint64)

    assert levels(hashes).tolist() == [0, 0, 1, 1, 2, 15, 15, 15]


def test_a_tally_adds_integers() -> None:
    one, other = Tally(2), Tally(2)
    one.add(np.array([1, 2]), rows=2)
    other.add(np.array([2**40, 0]), rows=1)

    one.merge(other)

    assert (one.sums.tolist(), one.rows) == ([2**40 + 1, 2], 3)
