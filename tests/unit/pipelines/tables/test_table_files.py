"""Folders of a table, and the rows that go into each."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.tables.table_files import folder, split, values_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(TEXTS, TEXTS)
def test_a_folder_says_the_values_that_made_it(job: str, batch: str) -> None:
    partition = {"job": job, "batch": batch}

    assert values_of(folder(["job", "batch"], partition)) == partition


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=30))
def test_every_row_falls_into_its_partition_in_order(pairs: list[tuple[str, str]]) -> None:
    rows = pa.table(
        {
            "job": pa.array([job for job, _ in pairs], pa.string()),
            "batch": pa.array([batch for _, batch in pairs], pa.string()),
            "row": pa.array(range(len(pairs)), pa.int64()),
        }
    )

    found = {
        tuple(at.values()): part["row"].to_pylist() for at, part in split(["job", "batch"], rows)
    }

    wanted = {pair: [i for i, one in enumerate(pairs) if one == pair] for pair in set(pairs)}
    assert found == wanted


def test_the_columns_of_the_folder_are_not_in_the_file() -> None:
    rows = pa.table({"job": ["j"], "batch": ["b"], "key": ["k"]})

    [(_, part)] = split(["job", "batch"], rows)

    assert part.schema.names == ["key"]
