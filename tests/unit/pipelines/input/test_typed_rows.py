"""Raw columns to typed ones: a wrong value costs its row, a wrong type the file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from pipelines.errors import SchemaMismatch
from pipelines.features.spec import FeatureSpec
from pipelines.input.faults import Faults
from pipelines.input.typed_rows import (
    contents_of,
    features_of,
    readable_rows,
    require_numbers,
    take,
)
from tests.fixtures.reading import rules


def typed(column: pa.Array, kind: str = "numeric", **more: Any) -> tuple[list[Any], dict[int, str]]:
    """The values of a feature, and the reasons of the rows that cannot be used."""
    faults = Faults()
    described = FeatureSpec.model_validate({"columns": {"x": {"kind": kind, **more}}})
    found = features_of(pa.record_batch({"x": column}), described, "UTC", faults)
    return found["x"].to_pylist(), {row: why for row, (why, _) in faults.reasons.items()}


@pytest.mark.parametrize("word", ["", "NA", "n/a", "NaN", "null", "None", " "])
def test_words_for_nothing_are_missing_not_wrong(word: str) -> None:
    values, reasons = typed(pa.array(["1", word]))

    assert values[1] is None or values[1] != values[1]
    assert reasons == {}


@pytest.mark.parametrize("word", ["much", "1,5", "12 kg", "--1", "0x10"])
def test_a_text_that_is_no_number_costs_its_row(word: str) -> None:
    assert typed(pa.array(["1", word, None]))[1] == {1: "not_a_number"}


def test_a_wrong_value_never_costs_more_than_its_row() -> None:
    """Whether a batch has one row of a fragment or thousands."""
    assert typed(pa.array(["much"]))[1] == {0: "not_a_number"}


def test_an_infinity_costs_its_row_and_a_nan_is_missing() -> None:
    infinity = float("inf")

    assert typed(pa.array([1.0, infinity, -infinity, float("nan"), None]))[1] == {
        1: "infinite",
        2: "infinite",
    }


def test_a_value_outside_the_stated_range_costs_its_row() -> None:
    found = typed(pa.array([-1.0, 0.0, 5.0, 5.1, None]), minimum=0, maximum=5)

    assert found[1] == {0: "out_of_range", 3: "out_of_range"}


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array(["2026-01-05T07:00:00Z", None]), {}),
        (pa.array([date(2026, 1, 5)]), {}),
        (pa.array(["2026-01-05", "soon"]), {1: "not_a_time"}),
    ],
    ids=str,
)
def test_a_text_that_is_no_time_costs_its_row(column: pa.Array, wanted: dict[int, str]) -> None:
    assert typed(column, "date")[1] == wanted


def test_a_date_is_read_in_the_jobs_zone() -> None:
    described = FeatureSpec.model_validate({"columns": {"x": {"kind": "date"}}})
    rows = pa.record_batch({"x": pa.array(["2026-01-05T20:00:00Z"])})

    [found] = features_of(rows, described, "Asia/Tokyo", Faults())["x"].to_pylist()

    assert found.isoformat() == "2026-01-06T05:00:00"


ODD = {
    "list": pa.array([[1]]),
    "struct": pa.array([{"a": 1}]),
    "bytes": pa.array([b"\x00"]),
    "duration": pa.array([1], pa.duration("s")),
    "time": pa.array([1], pa.time64("us")),
    "date": pa.array([date(2026, 1, 5)]),
    "number": pa.array([1.5]),
    "text": pa.array(["x"]),
}
FITS = {
    "numeric": {"number", "text"},
    "categorical": {"number", "text", "date", "time"},
    "date": {"date", "text"},
    "text": {"text"},
    "image": {"bytes"},
}


@pytest.mark.parametrize("held", list(ODD))
@pytest.mark.parametrize("kind", list(FITS))
def test_a_column_of_another_family_is_told(kind: str, held: str) -> None:
    """By its name, what it holds, and what the job file says."""
    if held in FITS[kind]:
        typed(ODD[held], kind)
        return

    with pytest.raises(
        SchemaMismatch, match=r"column 'x' holds .*, the job file says it is"
    ) as told:
        typed(ODD[held], kind)

    assert "fit again" in told.value.fix


def test_a_missing_column_is_told_with_those_that_are_there() -> None:
    with pytest.raises(SchemaMismatch, match="column 'x' is missing; there are y, z"):
        features_of(pa.record_batch({"y": [1], "z": [1]}), rules().features, "UTC", Faults())


@pytest.mark.parametrize("kind", ["categorical", "text"])
def test_bytes_that_are_no_text_cost_their_row(kind: str) -> None:
    column = pa.array([b"a", b"\xff"], pa.binary()).view(pa.string())

    assert typed(column, kind)[1] == {1: "invalid_utf8"}


def test_unreadable_text_is_null_for_whoever_comes_next() -> None:
    """A user's function must not stumble over it."""
    faults = Faults()
    column = pa.array([b"a", b"\xff"], pa.binary()).view(pa.string())

    found = readable_rows(pa.record_batch({"x": column, "y": [1, 2]}), faults)

    assert found.to_pydict() == {"x": ["a", None], "y": [1, 2]}
    assert faults.reasons == {1: ("invalid_utf8", "x")}


REGRESSION = {"task": "regression", "target": {"column": "t"}}
GIVEN = {
    "predictions": {"label": "l", "score": "s"},
    "model": None,
    "features": {},
    "cohorts": {"age": {"column": "a", "edges": [30.0]}},
}


@pytest.mark.parametrize(
    ("column", "sections"),
    [
        ("x", {}),
        ("t", REGRESSION),
        ("s", GIVEN),
        ("a", GIVEN),
        ("l", {**GIVEN, "task": "regression"}),
    ],
)
def test_a_file_that_knows_types_may_not_hold_numbers_as_text(
    column: str, sections: dict[str, Any]
) -> None:
    columns = rules(**sections).number_columns

    require_numbers(pa.schema([(column, pa.float64())]), columns)
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        with pytest.raises(SchemaMismatch, match=f"column '{column}' holds .*string"):
            require_numbers(pa.schema([(column, kind)]), columns)


def test_a_users_function_may_make_numbers_of_text() -> None:
    described = rules(features={"function": "f.py:f", "columns": {"x": {"kind": "numeric"}}})

    require_numbers(pa.schema([("x", pa.string())]), described.number_columns)


def test_the_content_of_a_row_leaves_its_key_out() -> None:
    one = pa.record_batch({"k": ["a", "b"], "x": [1, 1]})

    first, second = contents_of(one, ["k"]).tolist()

    assert first == second


def test_rows_are_taken_by_number() -> None:
    rows = pa.record_batch({"x": [1, 2, 3]})

    assert take(rows, pa.array([0, 2]).to_numpy()).to_pydict() == {"x": [1, 3]}
