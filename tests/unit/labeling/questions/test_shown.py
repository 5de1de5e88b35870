"""People see the allowed columns, as text, with nothing that hides or misleads."""

from __future__ import annotations

import base64
import io
import json
import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labeling.questions import shown
from labeling.questions.shown import (
    NO_IMAGE,
    ShownColumn,
    image_uri,
    readable,
    shown_keys,
    shown_rows,
)

AGE = ShownColumn("age", "tabular")


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
        "image1": "data:image/jpeg;base64,/9j/",
        "text2": "c",
    }


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
    assert see(column) == [text]


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


def test_long_values_are_cut_and_say_so() -> None:
    assert see(pa.array(["x" * 501]))[0] == "x" * 499 + "…"
    assert len(str(see(pa.array(["x" * 30_000]), "text")[0])) == shown.TEXT_LIMIT


def test_what_is_hidden_takes_no_room() -> None:
    """Else a value behind enough of it would look empty, and not even cut."""
    assert readable("\u200b" * 2_001 + "real", 500) == "real"


def test_the_row_does_not_depend_on_the_batch_that_it_comes_in() -> None:
    batch = pa.record_batch({"age": [1.5, None, 3.0], "text": ["a", "b", "c"]})
    columns = [AGE, ShownColumn("text", "text")]

    alone = [shown_rows(batch.slice(place, 1), columns)[0] for place in range(3)]

    assert alone == shown_rows(batch, columns)


def picture(kind: str, size: tuple[int, int] = (2, 2)) -> bytes:
    written = io.BytesIO()
    Image.effect_noise(size, 100).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_what_browsers_draw_is_passed_on_byte_for_byte(kind: str) -> None:
    content = picture(kind)

    assert image_uri(content) == f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def test_other_formats_become_png() -> None:
    assert image_uri(picture("bmp")).startswith("data:image/png;base64,")


def test_a_large_picture_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "IMAGE_LIMIT", 1000)
    monkeypatch.setattr(shown, "IMAGE_SIDE", 10)

    kind, _, content = image_uri(picture("png", (200, 100))).partition(";base64,")

    with Image.open(io.BytesIO(base64.b64decode(content))) as small:
        assert (kind, small.size) == ("data:image/jpeg", (10, 5))


def test_a_shrunk_picture_stands_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera held upright writes a wide picture, and beside it that it is to be turned."""
    monkeypatch.setattr(shown, "IMAGE_LIMIT", 1000)
    exif, written = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # orientation: a quarter turn
    Image.effect_noise((200, 100), 100).save(written, "jpeg", exif=exif)

    _, _, content = image_uri(written.getvalue()).partition(";base64,")

    with Image.open(io.BytesIO(base64.b64decode(content))) as small:
        assert small.size == (100, 200)


@pytest.mark.parametrize("content", [b"", b"no picture", b"BM" + b"\0" * 60])
def test_what_is_no_picture_is_shown_as_none(content: bytes) -> None:
    assert image_uri(content) == NO_IMAGE


def test_a_missing_picture_is_shown_as_none() -> None:
    assert see(pa.array([None], pa.binary()), "image") == [NO_IMAGE]
