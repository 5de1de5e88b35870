"""Numbers with a decimal comma are read as what they are, and nothing else is."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.input.decimal_commas import with_points
from pipelines.input.faults import Faults


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3,5", "3.5"),
        ("-0,25", "-0.25"),
        ("1.234", "1234"),
        ("1.234.567,8", "1234567.8"),
        ("7", "7"),
        (",5", ".5"),
    ],
)
def test_points_part_thousands_and_a_comma_parts_decimals(text: str, number: str) -> None:
    faults = Faults()
    rows = pa.record_batch({"x": [text, None, "NA"], "y": [text, "a", "b"]})

    found = with_points(rows, {"x"}, faults)

    assert found["x"].to_pylist() == [number, None, "NA"]
    assert found["y"].to_pylist() == [text, "a", "b"]
    assert not faults.reasons


@pytest.mark.parametrize("text", ["3.5", "1,234.5", "1.23,4", "3,5 €", "x", ",", "1,2,3"])
def test_a_number_that_is_written_otherwise_costs_its_row(text: str) -> None:
    """3.5 would be 35 or 3.5: nobody says which."""
    faults = Faults()

    with_points(pa.record_batch({"x": pa.array(["1", text]).dictionary_encode()}), {"x"}, faults)

    assert faults.reasons == {1: ("not_a_number", "x")}
