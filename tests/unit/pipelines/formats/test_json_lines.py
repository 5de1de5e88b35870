"""JSON Lines are read as text, whatever types their values have."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import InputUnreadable, SchemaMismatch
from pipelines.formats.file_rules import DEFAULT, FileRules
from pipelines.input.fragments import Projection, find_sources, read_split, splits_of

LINES = (
    '{"k": "007", "n": 1.50, "b": true, "t": "Köln", "o": {"a": [1]}}\n\n'
    '{"k": 8, "n": null, "b": false, "t": "", "late": NaN}\r\n'
)


def read(
    folder: Path, content: bytes, name: str = "rows.jsonl", columns: tuple[str, ...] | None = None,
    rules: FileRules = DEFAULT,
) -> pa.Table:  # fmt: skip
    (folder / name).write_bytes(content)
    [source] = find_sources(name, folder, rules)
    splits = splits_of(source)
    return pa.Table.from_batches(
        [rows for split in splits for _, rows in read_split(split, Projection(columns))]
    )


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.JSONL.gz", "rows.ndjson.gz"])
def test_every_value_is_text_or_missing(tmp_path: Path, name: str) -> None:
    """What is left out is missing; an empty text is a value."""
    content = LINES.encode()

    table = read(tmp_path, gzip.compress(content) if name.endswith("gz") else content, name)

    assert table.to_pylist() == [
        {"k": "007", "n": "1.5", "b": "true", "t": "Köln", "o": '{"a": [1]}', "late": None},
        {"k": "8", "n": None, "b": "false", "t": "", "o": None, "late": None},
    ]


def test_only_the_columns_asked_come(tmp_path: Path) -> None:
    assert read(tmp_path, LINES.encode(), columns=("late", "k")).column_names == ["late", "k"]


def test_a_name_that_no_row_has_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="column 'x' is missing"):
        read(tmp_path, LINES.encode(), columns=("k", "x"))


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_another_encoding_is_read_where_it_is_named(tmp_path: Path, encoding: str) -> None:
    named = FileRules(encoding=None if encoding == "utf-8-sig" else encoding)

    table = read(tmp_path, LINES.encode(encoding), rules=named)

    assert table["t"].to_pylist() == ["Köln", ""]


def test_words_that_the_job_lists_are_missing(tmp_path: Path) -> None:
    table = read(tmp_path, b'{"a": "?"}\n{"a": "NULL"}\n', rules=FileRules(missing=("?",)))

    assert table["a"].to_pylist() == [None, "NULL"]


def test_bytes_that_are_no_text_come_through(tmp_path: Path) -> None:
    """They cost their row, not the file; so does half a character."""
    table = read(tmp_path, b'{"a": "\xff"}\n{"a": "\\ud800"}\n')

    values = table["a"].combine_chunks().view(pa.binary()).to_pylist()
    assert values == [b"\xff", b"\xed\xa0\x80"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"a": 1', "line 2 is no JSON object"),
        (b"[1]", "no object"),
        (b'"a"', "no object"),
        (b'{"a": 1, "a": 2}', "a name stands twice"),
        (b"[" * 100_000, "line 2 is no JSON object"),
    ],
)
def test_a_line_that_is_no_object_is_told(tmp_path: Path, line: bytes, what: str) -> None:
    with pytest.raises(InputUnreadable, match=what):
        read(tmp_path, b'{"a": 1}\n' + line + b"\n")


def test_a_file_that_was_cut_off_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match=r"rows\.jsonl\.gz"):
        read(tmp_path, gzip.compress(LINES.encode() * 100)[:-20], "rows.jsonl.gz")
