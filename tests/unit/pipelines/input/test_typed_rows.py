"""Raw columns to typed ones: a wrong value costs its row, a wrong type the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SchemaMismatch
from pipelines.features.spec import FeatureSpec
from pipelines.input.faults import Faults
from pipelines.input.typed_rows import (
    category,
    contents_of,
    features_of,
    numbers,
    projection,
    readable_rows,
    require_numbers,
    take,
)
from pipelines.job.job_file import parse
from pipelines.job.rules import ReadingRules, reading_rules


def rules(columns: Mapping[str, Any] | None = None, **sections: Any) -> ReadingRules:
    content = {
        "name": "j",
        "task": "classification",
        "target": {"answers": ["no", "yes"]},
        "data": {"path": "x", "key": ["k"]},
        "features": {"columns": columns or {"x": {"kind": "numeric"}}},
        "model": {},
        "sampling": {"seed": "0" * 32},
    }
    return reading_rules(parse({**content, **sections}, "job"))


def typed(column: pa.Array, kind: str = "numeric", **more: Any) -> tuple[list[Any], dict[int, str]]:
    """The values of a feature, and the reasons of the rows that cannot be used."""
    faults = Faults()
    described = FeatureSpec.model_validate({"columns": {"x": {"kind": kind, **more}}})
    found = features_of(pa.record_batch({"x": column}), described, "UTC", faults)
    return found["x"].to_pylist(), {row: why for row, (why, _) in faults.reasons.items()}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, None], pa.int8()),
        pa.array([1, 2, None], pa.uint64()),
        pa.array([1, 2, None], pa.float32()),
        pa.array([Decimal("1.0"), Decimal(2), None]),
        pa.array(["1", "2.0", None]),
        pa.array(["1", "2.0", None], pa.large_string()),
        pa.array(["1", "2", None]).dictionary_encode(),
        pa.array([1, 2, None]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_every_type_of_number_is_that_number(column: pa.Array) -> None:
    """From CSV or Parquet, the same; null stays missing."""
    found = numbers(column, "x", Faults())

    assert found.type == pa.float64()
    assert found.to_pylist()[:2] == [1.0, 2.0]
    assert found.to_pylist()[2] is None or found.to_pylist()[2] != found.to_pylist()[2]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_a_number_written_as_text_is_the_same_to_the_last_bit(values: list[float]) -> None:
    """Also beside a text that is no number, which takes another way."""
    texts = [repr(value) for value in values]

    assert numbers(pa.array(texts), "x", Faults()).to_pylist() == values
    assert numbers(pa.array([*texts, "x"]), "x", Faults()).to_pylist()[:-1] == values


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
        (pa.array(["a", None, ""]), ["a", None, ""]),
        (pa.array([3, None]), ["3", None]),
        (pa.array([3.0, float("nan")]), ["3", None]),
        (pa.array(["3.0", "3"]), ["3", "3"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["True", "FALSE"]), ["true", "false"]),
        (pa.array([date(2026, 1, 5)]), ["2026-01-05"]),
        (pa.array([Decimal("1.50")]), ["1.5"]),
        (pa.array(["e\u0301"]), ["é"]),
        (pa.nulls(2), [None, None]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array([3, 3]).dictionary_encode(), ["3", "3"]),
    ],
    ids=str,
)
def test_a_category_has_one_spelling(column: pa.Array, wanted: list[str | None]) -> None:
    """However the file holds it: else a model would not know what it was trained on."""
    assert category(column, "x", Faults()).to_pylist() == wanted


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


def test_the_first_reason_found_for_a_row_stays() -> None:
    faults = Faults()

    faults.mark([1], "one", "x")
    faults.mark([1, 2], "two", "y")

    assert faults.reasons == {1: ("one", "x"), 2: ("two", "y")}


def test_rows_without_a_fault_are_told_without_copying_all() -> None:
    faults = Faults()
    assert faults.others(3) == slice(None)

    faults.mark([1], "bad", "x")

    assert faults.others(3).tolist() == [0, 2]  # type: ignore[union-attr]


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


def test_a_job_reads_what_it_names_and_no_more() -> None:
    described = rules(
        {"x": {"kind": "numeric"}, "c": {"kind": "categorical"}},
        data={"path": "x", "key": ["k"], "time": "at"},
        batches={"by": "column", "column": "b"},
        target={"column": "t", "answers": ["no", "yes"]},
        labeling={"show": ["x", "s"]},
        cohorts={"g": {"column": "g"}},
    )

    found = projection(described)

    assert found.columns is not None
    assert set(found.columns) == {"x", "c", "k", "at", "b", "s", "g"}
    assert found.coded == {"c", "g"}
    assert set(projection(described, target=True).columns or ()) == {*found.columns, "t"}


def test_a_users_function_sees_every_column_and_features_need_not_be_there_before() -> None:
    described = rules(features={"function": "f.py:f", "columns": {"x": {"kind": "numeric"}}})

    found = projection(described)

    assert (found.columns, found.required) == (None, ("k",))


def test_the_content_of_a_row_leaves_its_key_out() -> None:
    one = pa.record_batch({"k": ["a", "b"], "x": [1, 1]})

    first, second = contents_of(one, ["k"]).tolist()

    assert first == second


def test_rows_are_taken_by_number() -> None:
    rows = pa.record_batch({"x": [1, 2, 3]})

    assert take(rows, pa.array([0, 2]).to_numpy()).to_pydict() == {"x": [1, 3]}
