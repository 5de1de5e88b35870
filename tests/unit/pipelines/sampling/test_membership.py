"""What a draw keeps of every row is what the next draw reads."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sampling.membership import earlier_draw, first_64_bits, membership_table
from pipelines.sampling.strata import Strata
from pipelines.tables.schemas import POPULATIONS

HEAD = {
    "job": "loans",
    "batch": "2026-01-05",
    "draw_no": 3,
    "purpose": "verify",
    "known_at": datetime(2026, 1, 6, 12, 30, 0, 17, tzinfo=UTC),
}


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans())), st.integers(0, 9))
def test_what_is_written_is_read(rows: list[tuple[int, bool]], seed: int) -> None:
    """Also strata without rows, and ids above 2**63."""
    ids = np.random.default_rng(seed).integers(0, 2**64, (len(rows), 2), dtype=np.uint64)
    strata = Strata(("a", "b", "c"), np.array([code for code, _ in rows], np.int32))
    sampled = np.array([taken for _, taken in rows], np.bool_)

    table = membership_table(HEAD, ids, strata, np.flatnonzero(sampled))
    read = earlier_draw(table, strata.names)

    assert table.schema == POPULATIONS
    assert np.array_equal(read.ids, first_64_bits(ids))
    assert read.strata.names == strata.names
    assert np.array_equal(read.strata.codes, strata.codes)
    assert np.array_equal(read.sampled, sampled)


def test_each_row_says_of_which_draw_it_is() -> None:
    ids = np.array([[2**64 - 1, 5]], np.uint64)

    row = membership_table(HEAD, ids, Strata(("all",), np.zeros(1, np.int32)), np.array([0]))

    expected = {**HEAD, "id_high": -1, "stratum": "all", "is_sampled": True}
    assert {name: row[name][0].as_py() for name in row.column_names if name != "known_at"} == {
        name: value for name, value in expected.items() if name != "known_at"
    }
