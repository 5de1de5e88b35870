"""How values are written is seen in the first file, and only where there is no doubt."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from functions.new_job.file_forms import as_written
from pipelines.formats.file_rules import DEFAULT, FileRules
from pipelines.input.fragments import find_sources

PLAIN = "id,city,price\n1,Köln,3.5\n2,Bonn,1.25\n"
COMMAS = "id;city;price\n1;Köln;3,5\n2;Bonn;1.234,25\n"


def seen(folder: Path, content: bytes, name: str = "rows.csv") -> FileRules:
    (folder / name).write_bytes(content)
    [source] = as_written(find_sources(name, folder))
    return source.rules


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_delimiter_is_seen(tmp_path: Path, delimiter: str) -> None:
    assert seen(tmp_path, PLAIN.replace(",", delimiter).encode()) == FileRules(delimiter=delimiter)


@pytest.mark.parametrize(
    ("name", "delimiter", "seen_as"),
    [("r.tsv", "\t", None), ("r.tsv", ",", ","), ("r.tsv.gz", "\t", None), ("r.csv", ",", None)],
)
def test_the_usual_delimiter_of_a_name_needs_no_word(
    tmp_path: Path, name: str, delimiter: str, seen_as: str | None
) -> None:
    content = PLAIN.replace(",", delimiter).encode()

    found = seen(tmp_path, gzip.compress(content) if name.endswith(".gz") else content, name)

    assert found.delimiter == seen_as


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN.encode(), None),
        (PLAIN.encode("utf-8-sig"), None),
        (PLAIN.encode("utf-16"), "utf-16"),
        (PLAIN.encode("utf-16-le"), "utf-16-le"),
        (PLAIN.encode("utf-16-be"), "utf-16-be"),
        (PLAIN.replace("Bonn", "5 €").encode("cp1252"), "cp1252"),
        (PLAIN.encode("latin-1") + b"3,\x81,1.5\n", "iso-8859-1"),
        (PLAIN.encode() + b"3,\xff,1.5\n", None),
        (b"id,city,price\n1,x,2.5\n", None),
    ],
)
def test_an_encoding_is_seen(tmp_path: Path, content: bytes, encoding: str | None) -> None:
    """A few broken bytes in UTF-8 cost their rows."""
    assert seen(tmp_path, content) == FileRules(encoding=encoding)


@pytest.mark.parametrize(
    ("content", "decimal"),
    [
        (COMMAS, ","),
        (PLAIN, "."),
        ('id,price\n1,"1,234"\n2,"5,678"\n', "."),  # thousands, as likely
        ('id,price\n1,"1,234"\n2,"0,678"\n', ","),
        ('id,price\n1,"1,234.5"\n2,"5,6"\n', "."),
        ("id;price;rate\n1;3,5;0.25\n2;4,5;0.75\n", "."),  # both marks: for its author to say
        ("id;words\n1;a,b\n2;c\n", "."),
        ("id;price\n1;NA\n2;4,5\n", ","),
    ],
)
def test_a_decimal_comma_is_seen_where_nothing_speaks_against_it(
    tmp_path: Path, content: str, decimal: str
) -> None:
    assert seen(tmp_path, content.encode()).decimal == decimal


def test_files_with_types_need_no_rules(tmp_path: Path) -> None:
    assert seen(tmp_path, b'{"a": "3,5"}\n', "rows.jsonl") == DEFAULT
