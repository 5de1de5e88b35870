"""People see the allowed columns and nothing else, and a question keeps its identity."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.questions import shown
from labeling.questions.images import NO_IMAGE
from labeling.questions.shown import (
    ShownColumn,
    shown_digest,
    shown_json,
    shown_keys,
    shown_rows,
)

AGE = ShownColumn("age", "tabular")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e9, 1e9)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def see(column: pa.Array, kind: str = "tabular") -> list[object]:
    """What people see of one column."""
    rows = shown_rows(pa.record_batch({"age": column}), [ShownColumn("age", kind)])  # type: ignore[arg-type]
    found = [json.loads(row) for row in rows]
    return [row["row"][0]["Value"] if kind == "tabular" else row[f"{kind}1"] for row in found]


def test_only_the_named_columns_are_shown() -> None:
    batch = pa.record_batch({"age": [1], "target": ["lost"], "score": [0.9]})

    assert shown_rows(batch, [AGE]) == ['{"row":[{"Name":"age","Value":"1"}]}']


def test_a_table_keeps_the_order_of_the_columns() -> None:
    """Label Studio draws a list of lines as it is, an object by the alphabet."""
    batch = pa.record_batch({"b": [1], "a": [2], "C": [3]})

    (row,) = shown_rows(batch, [ShownColumn(name, "tabular") for name in ("C", "b", "a")])

    assert [line["Name"] for line in json.loads(row)["row"]] == ["C", "b", "a"]


def test_many_columns_are_several_tables() -> None:
    """None is longer than what Label Studio draws at once, and all keep their order."""
    names = [f"c{number}" for number in range(23)]
    batch = pa.record_batch({name: [name] for name in names})

    (row,) = shown_rows(batch, [ShownColumn(name, "tabular") for name in names])

    tables = [[line["Value"] for line in lines] for lines in json.loads(row).values()]
    assert list(json.loads(row)) == ["row", "row2", "row3"]
    assert [len(table) for table in tables] == [8, 8, 7]
    assert [value for table in tables for value in table] == names


def test_each_kind_has_its_place() -> None:
    """Whatever the columns are called; `row` holds the table."""
    batch = pa.record_batch(
        {"row": ["a"], "text1": ["b"], "image": [b"\xff\xd8\xff"], "more": ["c"]}
    )
    columns = [
        ShownColumn("text1", "text"),
        ShownColumn("row", "tabular"),
        ShownColumn("image", "image"),
        ShownColumn("more", "text"),
    ]

    (row,) = shown_rows(batch, columns)

    assert shown_keys(columns) == {"text1": "text1", "image1": "image", "text2": "more"}
    assert json.loads(row) == {
        "row": [{"Name": "row", "Value": "a"}],
        "text1": "b",
        "image1": NO_IMAGE,
        "text2": "c",
    }


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "2026-07-01 00:15:00+02:00"),
        ("America/St_Johns", "2026-06-30 19:45:00-02:30"),
    ],
)
def test_a_moment_is_told_as_the_clocks_of_the_job_show_it(zone: str, text: str) -> None:
    """Whatever zone the file writes: people compare it with the clock on their wall."""
    moment = pa.array([datetime(2026, 6, 30, 22, 15, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    batch = pa.record_batch([moment], names=["x"])

    [seen] = shown_rows(batch, [ShownColumn("x", "tabular")], zone)

    assert json.loads(seen)["row"] == [{"Name": "x", "Value": text}]


def test_long_values_are_cut_and_say_so() -> None:
    assert see(pa.array(["x" * 501]))[0] == "x" * 499 + "…"
    assert len(str(see(pa.array(["x" * 30_000]), "text")[0])) == shown.TEXT_LIMIT


def test_the_row_does_not_depend_on_the_batch_that_it_comes_in() -> None:
    batch = pa.record_batch({"age": [1.5, None, 3.0], "text": ["a", "b", "c"]})
    columns = [AGE, ShownColumn("text", "text")]

    alone = [shown_rows(batch.slice(place, 1), columns)[0] for place in range(3)]

    assert alone == shown_rows(batch, columns)


def test_shown_keeps_order_and_script() -> None:
    """People see the columns in the job's order, and their own letters."""
    assert shown_json({"b": "Größe", "a": None}) == '{"b":"Größe","a":null}'


def test_shown_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="JSON"):
        shown_json({"a": float("nan")})


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_a_question_survives_another_writer(values: dict[str, object]) -> None:
    """Keys reordered, letters escaped, 1.0 written as 1: the same question."""
    shown = shown_json(values)
    rewritten = json.dumps(json.loads(shown), sort_keys=True, indent=1)
    as_javascript = json.dumps(json.loads(shown, parse_float=_as_javascript))

    assert shown_digest("Late?", rewritten) == shown_digest("Late?", shown)
    assert shown_digest("Late?", as_javascript) == shown_digest("Late?", shown)


def _as_javascript(number: str) -> float:
    return int(float(number)) if float(number).is_integer() else float(number)


@pytest.mark.parametrize(
    "question, shown",
    [
        ("late?", '{"a":1,"b":"2"}'),
        ("Late?", '{"a":1,"b":2}'),
        ("Late?", '{"a":1}'),
        ("Late?", '{"a":1,"b":"2","c":null}'),
        ("Late?", '{"a":true,"b":"2"}'),
        ("Late?", '{"a":1.0000001,"b":"2"}'),
        ('Late?{"a":1,"b":"2"}', "{}"),
    ],
)
def test_what_people_see_makes_another_question(question: str, shown: str) -> None:
    assert shown_digest(question, shown) != shown_digest("Late?", '{"a":1,"b":"2"}')


def test_questions_never_change() -> None:
    """Version 1, for ever: answers are joined to questions by these."""
    assert shown_digest("Late?", '{"a":1.0,"b":"é"}') == "c14233ad6eeccccb92dc77952a32d997"
