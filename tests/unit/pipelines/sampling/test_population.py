"""The batch as the sampler sees it: codes, grids and counts by cell."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling import population
from pipelines.sampling.population import (
    CodedText,
    Grid,
    Population,
    cohort_codes,
    domain_counts,
    score_grid,
    value_grid,
)

MAPS = st.lists(
    st.none()
    | st.dictionaries(st.sampled_from("abc"), st.none() | st.sampled_from("xyz"), max_size=3),
    max_size=12,
)


def _decoded(codes: CodedText) -> list[str | None]:
    return [None if code < 0 else codes.values[code] for code in codes.codes.tolist()]


@given(MAPS, st.data())
def test_cohorts_are_the_keys_of_the_map(maps: list[Any], data: st.DataObject) -> None:
    """One column per key, in any slice; missing where the map or its value is."""
    kind = pa.map_(pa.string(), pa.string())
    column = pa.array([row and list(row.items()) for row in maps], kind)
    start = data.draw(st.integers(0, len(maps)))

    cohorts = cohort_codes(column.slice(start))

    rows = [row or {} for row in maps[start:]]
    assert [cohort.name for cohort in cohorts] == sorted({key for row in rows for key in row})
    for cohort in cohorts:
        assert _decoded(cohort) == [row.get(cohort.name) for row in rows]


def test_the_last_bit_of_a_score_moves_no_grid_point() -> None:
    scores = np.random.default_rng(1).random(30_000)

    points = score_grid(scores).points

    assert np.array_equal(score_grid(np.nextafter(scores, 2)).points, points)
    assert np.abs(points / 1e6 - scores).max() <= 0.5e-6 + 1e-15


@given(st.lists(st.floats(-100, 100) | st.just(float("nan")), max_size=20))
def test_the_grid_of_values_keeps_their_order(values: list[float]) -> None:
    """Equal points for equal values, and each point stands for its value."""
    grid = value_grid(np.array(values, dtype=np.float64))

    for point, value in zip(grid.points.tolist(), values, strict=True):
        assert (point == -1) if np.isnan(value) else (grid.number(point) == value)
    assert sorted(set(grid.points.tolist()) - {-1}) == list(range(len(grid.numbers)))  # type: ignore[arg-type]


CELLS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("pqr"), st.none() | st.sampled_from("xy")),
    max_size=40,
)


@pytest.mark.parametrize("dense", [0, 2**22])
@given(CELLS)
def test_domain_counts_are_counts(dense: int, rows: list[tuple[int, str, str | None]]) -> None:
    """The same as counting in a loop, whether cells are tabulated or sorted."""
    strata = np.array([row[0] for row in rows], dtype=np.int32)
    labels = CodedText.of("label", pa.array([row[1] for row in rows], pa.string()))
    cohort = CodedText.of("carrier", pa.array([row[2] for row in rows], pa.string()))
    expected = Counter((h, "", label) for h, label, _ in rows)
    expected.update((h, f"carrier={value}", label) for h, label, value in rows if value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "_DENSE", dense)
        domains = domain_counts(strata, 3, labels, [cohort])

    seen = {
        (h, name, label): rows
        for h, domain in enumerate(domains)
        for name, by_label in domain.items()
        for label, rows in by_label.items()
    }
    assert seen == expected
    for domain in domains:
        assert list(domain) == sorted(domain)


def test_columns_of_different_lengths_are_refused() -> None:
    ids = np.zeros((2, 2), dtype=np.uint64)

    with pytest.raises(ValueError, match="one entry per prediction"):
        Population(ids, ids, CodedText.single("label", 2), Grid("score", np.zeros(3, np.int64)))


def test_a_prediction_has_a_label() -> None:
    ids = np.zeros((1, 2), dtype=np.uint64)
    labels = CodedText("label", np.array([-1], np.int32), ("late",))

    with pytest.raises(ValueError, match="without a label"):
        Population(ids, ids, labels, Grid("score", np.zeros(1, np.int64)))


def test_needs_no_pandas() -> None:
    """From Arrow columns to a sample, on the cold path."""
    program = """
import sys, numpy as np, pyarrow as pa
from pipelines.columns import buffers as columns
from pipelines.identity import keyed_hash
from pipelines.sampling import allocation, carryover, draws, population, strata
keys = columns.texts(str(i) for i in range(400))
ids = keyed_hash.hashes(b"prediction ids--", keys)
offsets = columns.int_array(np.arange(401)).cast(pa.int32())
cohorts = pa.MapArray.from_arrays(offsets, columns.texts(["c"] * 400), columns.texts("ab" * 200))
labels = population.CodedText.of("label", columns.texts("xy" * 200))
scores = population.score_grid(np.linspace(0, 1, 400))
batch = population.Population(ids, ids, labels, scores, population.cohort_codes(cohorts))
parts = strata.stratify(batch, 100, ["c"])
wanted = allocation.targets(parts, batch.grid.points, answers_seen=500)
drawn = draws.draw(batch, parts, allocation.allocate(parts.sizes, wanted, 100))
assert len(drawn.rows) == 100
heavy = {"pandas", "scipy", "sklearn", "apache_beam"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
