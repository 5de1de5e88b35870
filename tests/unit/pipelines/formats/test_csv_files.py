"""CSV files: every value as text, and no row swallowed without a word."""

from __future__ import annotations

import csv as theirs
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InputUnreadable
from pipelines.formats import csv_files
from pipelines.formats.csv_quotes import QuoteWatch
from pipelines.formats.file_rules import FIRST, FileRules

WORDS = st.text(st.sampled_from('ab,"\n é\t;'), max_size=6)


def rows(path: Path, *columns: str) -> list[dict[str, str | None]]:
    names = columns or tuple(csv_files.header(str(path)))
    found = [block.to_pylist() for block in csv_files.read(str(path), path.name, names)]
    return [row for block in found for row in block]


def written(folder: Path, text: str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@given(table=st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=8), ending=st.data())
def test_what_pythons_writer_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, ...]], ending: st.DataObject
) -> None:
    """Quotes, delimiters and line breaks within values; nothing is missing."""
    text = io.StringIO()
    line = ending.draw(st.sampled_from(["\n", "\r\n"]))
    theirs.writer(text, quoting=theirs.QUOTE_ALL, lineterminator=line).writerows(
        [("x", "y", "z"), *table]
    )

    found = rows(written(tmp_path_factory.mktemp("csv"), text.getvalue()))

    assert [tuple(value or "" for value in row.values()) for row in found] == table
    assert all(value != "" for row in found for value in row.values())


def test_nothing_null_and_backslash_n_are_missing_quoted_or_not(tmp_path: Path) -> None:
    """Words such as NA are left to who reads the column."""
    path = written(tmp_path, 'a,b,c,d,e,f\n,"",NULL,"NULL",\\N,"\\N"\nNA,null,None,nan,N/A,-\n')

    missing, words = rows(path)

    assert set(missing.values()) == {None}
    assert list(words.values()) == ["NA", "null", "None", "nan", "N/A", "-"]


def test_by_the_first_rules_an_unquoted_nothing_alone_is_missing(tmp_path: Path) -> None:
    """Batches that were scored by them are compared by them."""
    path = written(tmp_path, 'a,b,c,d\n,"",NULL,\\N\n')

    [block] = csv_files.read(str(path), path.name, ["a", "b", "c", "d"], FileRules(FIRST))

    assert block.to_pylist() == [{"a": None, "b": "", "c": "NULL", "d": "\\N"}]


def test_a_number_stays_as_it_was_written(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "a,b\n007,1e3\n")) == [{"a": "007", "b": "1e3"}]


def test_a_byte_order_mark_belongs_to_no_name(tmp_path: Path) -> None:
    assert csv_files.header(str(written(tmp_path, "\ufeffa,b\n1,2\n"))) == ["a", "b"]


def test_tabs_part_the_values_of_a_tsv_file(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "a\tb\n1,5\tx\n", "rows.tsv")) == [{"a": "1,5", "b": "x"}]


def test_only_the_columns_asked_come(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "a,b,c\n1,2,3\n"), "c", "a") == [{"c": "3", "a": "1"}]


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "a,b\n")) == []


def test_bytes_that_are_no_text_come_through(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n\xff,x\n")

    [block] = csv_files.read(str(path), "rows.csv", ["a", "b"])

    assert block.column(0).view(pa.binary()).to_pylist() == [b"\xff"]


def test_text_over_several_lines_is_text(tmp_path: Path) -> None:
    """Also where its lines have as many commas as there are between two columns."""
    path = written(tmp_path, 'id,text\n1,"Dear all,\nyes, it broke,\n, thanks"\n2,fine\n')

    assert [row["id"] for row in rows(path)] == ["1", "2"]


@pytest.mark.parametrize(
    "lines",
    [
        ['1,x,"abc', "2,y,def", "3,z,ghi"],  # opened, never closed
        ["1,x,abc", '2,y,"def', '3,z,"ghi"'],  # closed by the quote that opens the next
        ['1,x,"abc', '2,y,"def"', "3,z,ghi"],
        ["1,x,abc", "2,y,def", '3,z,"ghi'],  # in the last row
        ['1,x,"ab"c', "2,y,def", '3,z,"gh\ni"'],  # one that closes in the middle of a value
    ],
)
def test_a_broken_quote_swallows_no_row(tmp_path: Path, lines: list[str]) -> None:
    """A reader would join rows into one long value, without a word."""
    path = written(tmp_path, "\n".join(["id,kind,text", *lines]) + "\n")

    with pytest.raises(InputUnreadable, match=r"rows\.csv: broken quotes") as told:
        rows(path)

    assert "double the quotes inside values" in told.value.fix


def test_two_broken_quotes_that_pair_up_are_told_by_the_lines_between(tmp_path: Path) -> None:
    """Formally that is one value; it holds two whole rows."""
    lines = ['1,"a,b,c', "2,d,e,f", "3,g,h,i", '4,j",k,l']
    path = written(tmp_path, "\n".join(["id,x,y,z", *lines]) + "\n")

    with pytest.raises(InputUnreadable, match="row 1 runs over 2 lines that look like rows"):
        rows(path)


def test_a_row_with_too_few_values_is_told_without_its_content(tmp_path: Path) -> None:
    """The reader's own message is what `fragments` shortens."""
    path = written(tmp_path, "a,b,c\n1,2,3\n4,5\n")

    with pytest.raises(pa.ArrowInvalid, match="Expected 3 columns, got 2"):
        rows(path)


def test_a_value_of_ten_megabytes_is_a_value(tmp_path: Path) -> None:
    path = written(tmp_path, f"a,b\n1,{'x' * 10_000_000}\n2,y\n")

    assert [len(row["b"] or "") for row in rows(path)] == [10_000_000, 1]


def test_a_row_that_does_not_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a block: as likely a quote that is not closed."""
    monkeypatch.setattr(csv_files, "_BLOCK", 1 << 20)
    path = written(tmp_path, "a,b\n1,x\n2," + "y" * 3_000_000 + "\n")

    with pytest.raises(
        InputUnreadable, match="a row is longer than 1 MB, or a quote is not closed"
    ):
        rows(path)


@pytest.mark.parametrize(
    "value",
    [
        r'"She said \"it is broken\" twice"',
        r'"the 5\" pipe"',
        r'"she said \"no\", then left"',
        '"a"b',
    ],
)
def test_quotes_that_their_writer_meant_otherwise_are_refused(tmp_path: Path, value: str) -> None:
    """A reader would take them, on one line, and give people another text."""
    path = written(tmp_path, f"id,text\n1,x\n2,{value}\n")

    with pytest.raises(InputUnreadable, match="broken quotes up to line 3") as told:
        rows(path)

    assert ("Spark" in told.value.fix) == ("\\" in value)


@pytest.mark.parametrize("value", ['5" pipe', 'x"y"', '"a ""b"" c"', '""""', "C:\\dir\\", '"C:\\"'])
def test_a_quote_in_its_place_is_no_fault(tmp_path: Path, value: str) -> None:
    [found] = rows(written(tmp_path, f"id,text\n2,{value}\n"))

    [[_, wanted]] = theirs.reader([f"2,{value}"])
    assert found["text"] == wanted


@given(
    table=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6),
    size=st.integers(1, 7),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_quotes_are_watched_over_any_borders_of_blocks(
    table: list[tuple[str, ...]], size: int, ending: str
) -> None:
    text = io.StringIO()
    theirs.writer(text, quoting=theirs.QUOTE_ALL, lineterminator=ending).writerows(table)
    content, watch = text.getvalue().encode(), QuoteWatch(",")

    for start in range(0, len(content), size):
        watch.look(content[start : start + size])
    watch.end()

    assert not watch.has_seen_strange


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_line_break_within_quotes_survives_the_border_of_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    r"""Arrow loses the \\n where a block ends between \\r and \\n."""
    monkeypatch.setattr(csv_files, "_BLOCK", 1 << 10)
    start = 'a,b\r\n1,"'
    filler = "z" * ((1 << 10) - len(start) - before)
    path = written(tmp_path, f'{start}{filler}\r\nend"\r\n2,x\r\n')

    assert [row["b"] for row in rows(path)] == [f"{filler}\r\nend", "x"]
