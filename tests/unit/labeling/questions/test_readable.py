"""Values are shown as text, with nothing that hides or misleads."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.questions.readable import readable, readable_texts


@pytest.mark.parametrize(
    "column, text",
    [
        (pa.array([3.0]), "3"),
        (pa.array([3], pa.int8()), "3"),
        (pa.array([0.1]), "0.1"),
        (pa.array([2**53 + 1]), "9007199254740993"),
        (pa.array([True]), "true"),
        (pa.array(["007"]), "007"),
        (pa.array(["1.0"]).dictionary_encode(), "1.0"),
        (pa.array([Decimal("1.50")]), "1.50"),
        (pa.array([date(2026, 11, 21)]), "2026-11-21"),
        (pa.array([time(9, 30)], pa.time32("s")), "09:30:00"),
        (pa.array([datetime.fromisoformat("2026-11-21T09:30:00.5")]), "2026-11-21 09:30:00"),
        (
            pa.array([datetime(2026, 11, 21, 9, 30, tzinfo=UTC)], pa.timestamp("ns", "Asia/Tokyo")),
            "2026-11-21 09:30:00+00:00",
        ),
        (pa.array([1_700_000_000_000_000_001], pa.timestamp("ns")), "2023-11-14 22:13:20"),
        (pa.array([[1, 2]]), "[1, 2]"),
        (pa.array([b"abc"]), "(3 bytes)"),
        (pa.array([None], pa.float64()), "—"),
        (pa.array([None], pa.string()), "—"),
        (pa.nulls(1), "—"),
    ],
)
def test_every_type_has_a_readable_text(column: pa.Array, text: str) -> None:
    assert readable_texts(column, 500, "UTC") == [text]


@given(st.text(max_size=50), st.integers(1, 20))
def test_nothing_hidden_reaches_people(text: str, limit: int) -> None:
    """No control but tab and line feed, no character that turns the direction, nothing beyond the limit."""
    clean = readable(text, limit)

    hidden = [c for c in clean if unicodedata.category(c) == "Cc" and c not in "\t\n"]
    turning = [
        c
        for c in clean
        if unicodedata.bidirectional(c)
        in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]
    assert (hidden, turning) == ([], [])
    assert len(clean) <= limit


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert readable(text, 20) == text


def test_what_is_hidden_takes_no_room() -> None:
    """Else a value behind enough of it would look empty, and not even cut."""
    assert readable("\u200b" * 2_001 + "real", 500) == "real"
