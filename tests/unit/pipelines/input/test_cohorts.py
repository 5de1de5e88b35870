"""Cohorts: the groups of a row, by value or between edges."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.input.cohorts import cohort_maps, cohorts_of
from pipelines.job.sections import Cohort

FLOATS = st.floats(-100, 100)


def groups(column: pa.Array, *edges: float) -> list[str]:
    [(_, found)] = cohorts_of(
        pa.record_batch({"c": column}), {"group": Cohort(column="c", edges=edges)}
    )
    values: list[str] = found.to_pylist()
    return values


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array(["a", None, "b"]), ["a", "(none)", "b"]),
        (pa.array([3, None]), ["3", "(none)"]),
        (pa.array([3.0, float("nan")]), ["3", "(none)"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["x", "x"]).dictionary_encode(), ["x", "x"]),
        (pa.array([b"x", b"\xff"], pa.binary()).view(pa.string()), ["x", "(none)"]),
        (pa.nulls(1), ["(none)"]),
    ],
    ids=str,
)
def test_a_value_is_a_group(column: pa.Array, wanted: list[str]) -> None:
    assert groups(column) == wanted


def test_an_edge_begins_the_next_group() -> None:
    column = pa.array([29.9, 30.0, 49.9, 50.0, None, float("inf")])

    assert groups(column, 30, 50) == [
        "below 30",
        "30 to 50",
        "30 to 50",
        "50 and over",
        "(none)",
        "50 and over",
    ]


def test_text_of_a_csv_file_is_grouped_as_the_number_it_is() -> None:
    assert groups(pa.array(["29.9", "30", "", "n/a", "x"]), 30)[:2] == ["below 30", "30 and over"]
    assert groups(pa.array(["", "n/a", "x"]), 30) == ["(none)"] * 3


@given(st.lists(FLOATS, min_size=1, max_size=6, unique=True), st.lists(FLOATS, min_size=1))
def test_every_number_lies_in_one_group(edges: list[float], values: list[float]) -> None:
    """Numbers of one group lie between the same two edges; names are as many as groups."""
    edges = sorted(edges)

    found = groups(pa.array(values), *edges)

    places = np.searchsorted(edges, values, side="right")
    named = dict(zip(places.tolist(), found, strict=True))
    assert [named[place] for place in places.tolist()] == found
    assert len(set(named.values())) == len(named)


def test_large_edges_that_are_close_have_names_of_their_own() -> None:
    assert groups(pa.array([1_000_000.5]), 1_000_000, 1_000_001) == ["1000000 to 1000001"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=6))
def test_the_groups_of_a_row_are_one_map(rows: list[tuple[str, str]]) -> None:
    batch = pa.record_batch(
        {
            name: pa.array([row[place] for row in rows], pa.string())
            for place, name in enumerate("fg")
        }
    )
    described = {"first": Cohort(column="f"), "second": Cohort(column="g")}

    maps = cohort_maps(cohorts_of(batch, described), len(rows))

    wanted = [{"first": one, "second": two} for one, two in rows]
    assert [dict(row) for row in maps.to_pylist()] == wanted


def test_without_cohorts_every_map_is_empty() -> None:
    assert cohort_maps([], 2).to_pylist() == [[], []]
