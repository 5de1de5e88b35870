"""Data files, and the fragments that a file alone fixes."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InputUnreadable, SchemaMismatch
from pipelines.formats.file_rules import FIRST, FileRules
from pipelines.input import fragments
from pipelines.input.fragments import (
    FRAGMENT_ROWS,
    Projection,
    Source,
    file_digest,
    find_sources,
    read_column,
    read_split,
    splits_of,
)

ALL = Projection(None)


def source(path: Path) -> Source:
    [found] = find_sources(str(path), path.parent)
    return found


def parquet(folder: Path, table: pa.Table, **options: int) -> Source:
    pq.write_table(table, folder / "rows.parquet", **options)
    return source(folder / "rows.parquet")


def read(one: Source, projection: Projection = ALL) -> pa.Table:
    """All rows of a file, by its splits."""
    return pa.Table.from_batches(
        [rows for split in splits_of(one) for _, rows in read_split(split, projection)]
    )


def sizes(one: Source) -> list[tuple[int, int]]:
    """The first row and the length of each fragment."""
    return [(at, rows.num_rows) for split in splits_of(one) for at, rows in read_split(split, ALL)]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


@given(st.integers(0, 60), st.lists(st.integers(0, 20), max_size=12), st.integers(0, 100))
def test_any_grouping_of_rows_gives_the_same_fragments(
    rows: int, cuts: list[int], first: int
) -> None:
    """How a reader happens to hand out rows is nobody's business."""
    whole = pa.record_batch({"x": pa.array(range(rows), pa.int64())})
    blocks, at = [], 0
    for cut in cuts:
        blocks.append(whole.slice(at, cut))
        at = min(rows, at + cut)
    blocks.append(whole.slice(at))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fragments, "FRAGMENT_ROWS", 7)
        found = [(at, part["x"].to_pylist()) for at, part in fragments._cut(iter(blocks), first)]

    assert found == [(first + at, list(range(at, min(at + 7, rows)))) for at in range(0, rows, 7)]


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=5), min_size=1, max_size=4))
def test_blocks_with_dictionaries_of_their_own_are_joined_by_value(blocks: list[list[str]]) -> None:
    """Each block of a file may code the same words in another way."""
    coded = [pa.record_batch({"x": pa.array(block).dictionary_encode()}) for block in blocks]

    [(_, joined)] = fragments._cut(iter(coded), 0)

    assert joined["x"].to_pylist() == [word for block in blocks for word in block]


def test_a_fragment_never_crosses_a_row_group(tmp_path: Path) -> None:
    """Nor has it more rows than the limit; the rest of a long row group is one of its own."""
    table = pa.table({"x": pa.array(range(FRAGMENT_ROWS + 150), pa.int64())})
    one = parquet(tmp_path, table, row_group_size=FRAGMENT_ROWS + 50)

    assert sizes(one) == [(0, FRAGMENT_ROWS), (FRAGMENT_ROWS, 50), (FRAGMENT_ROWS + 50, 100)]


def test_a_csv_file_is_cut_from_its_first_row_on(tmp_path: Path) -> None:
    """Wherever the reader's blocks end."""
    table = pa.table({"x": [f"value {i}" * 20 for i in range(FRAGMENT_ROWS + 10)]})
    pc.write_csv(table, tmp_path / "rows.csv")

    assert sizes(source(tmp_path / "rows.csv")) == [(0, FRAGMENT_ROWS), (FRAGMENT_ROWS, 10)]


def test_the_rows_are_those_of_the_file_in_its_order(tmp_path: Path) -> None:
    table = pa.table(
        {"x": pa.array(range(100), pa.int64()), "y": [f"v{i % 7}" for i in range(100)]}
    )

    assert read(parquet(tmp_path, table, row_group_size=30)).equals(table)


def test_columns_come_in_the_order_asked(tmp_path: Path) -> None:
    """Only those; a name with a dot is a column, not a path into one."""
    table = pa.table({"a": [1], "a.b": [2], "c d": [3]})

    found = read(parquet(tmp_path, table), Projection(("c d", "a.b")))

    assert found.to_pylist() == [{"c d": 3, "a.b": 2}]


def test_words_come_coded_where_that_is_asked(tmp_path: Path) -> None:
    """A column of numbers cannot be, and comes as it is."""
    table = pa.table({"word": ["a", None, "a"], "number": [1, 2, 3]})

    found = read(parquet(tmp_path, table), Projection(None, frozenset(["word", "number"])))

    assert pa.types.is_dictionary(found["word"].type)
    assert found["word"].to_pylist() == ["a", None, "a"]
    assert found["number"].to_pylist() == [1, 2, 3]


def test_one_column_is_read_alone(tmp_path: Path) -> None:
    one = parquet(tmp_path, pa.table({"x": [1, 2, 3], "y": [4, 5, 6]}), row_group_size=2)

    found = list(read_column(one, "y"))

    assert [rows.to_pydict() for rows in found] == [{"y": [4, 5]}, {"y": [6]}]


def test_a_file_without_rows_has_no_fragment(tmp_path: Path) -> None:
    assert sizes(parquet(tmp_path, pa.table({"x": pa.array([], pa.int64())}))) == []


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv")

    assert file_digest(source(tmp_path / "a.csv")) == hashlib.sha256(b"x").hexdigest()


def test_sources_are_sorted_and_named_from_where_the_pattern_begins(tmp_path: Path) -> None:
    touch(tmp_path, "in/b/2.csv", "in/a/1.csv", "in/a/1.txt", "out/a/1.csv")

    found = find_sources("in/*/*.csv", tmp_path)

    assert [(one.name, one.number) for one in found] == [("a/1.csv", 0), ("b/2.csv", 1)]


def test_the_path_names_the_batch(tmp_path: Path) -> None:
    touch(tmp_path, "2026-01/x-1.csv", "2026-01/x-2.csv", "2026-02/x-1.csv", "2026-02/y.csv")

    found = find_sources("{batch}/x-*.csv", tmp_path)

    assert [one.batch for one in found] == ["2026-01", "2026-01", "2026-02"]


def test_both_mentions_of_a_batch_must_agree(tmp_path: Path) -> None:
    touch(tmp_path, "a/a.csv", "a/b.csv")

    assert [one.name for one in find_sources("{batch}/{batch}.csv", tmp_path)] == ["a/a.csv"]


def test_two_stars_are_any_number_of_folders(tmp_path: Path) -> None:
    touch(tmp_path, "x.csv", "a/x.csv", "a/b/x.csv")

    names = [one.name for one in find_sources("**/x.csv", tmp_path)]

    assert names == ["a/b/x.csv", "a/x.csv", "x.csv"]


def test_the_place_of_a_file_within_its_batch_is_its_own(tmp_path: Path) -> None:
    """Files of other batches come and go; what is named after the place stays."""
    touch(tmp_path, "b-1.csv", "b-2.csv")
    before = {one.name: one.number_in_batch for one in find_sources("{batch}-*.csv", tmp_path)}

    touch(tmp_path, "a-1.csv", "a-2.csv", "a-3.csv")
    after = {one.name: one.number_in_batch for one in find_sources("{batch}-*.csv", tmp_path)}

    assert before == {"b-1.csv": 0, "b-2.csv": 1}
    assert before.items() <= after.items()


@pytest.mark.parametrize("name", ["[2026]", "what?", "a{b}c", "Über 100 %", "$x (1)", "a+b"])
def test_signs_in_names_are_nothing_but_themselves(tmp_path: Path, name: str) -> None:
    """Only `*` and `{batch}` mean something, also in the folder that the job lies in."""
    folder = tmp_path / name
    touch(folder, f"{name}.csv", "other.csv", "2.csv")

    assert [one.name for one in find_sources(f"{name}.csv", folder)] == [f"{name}.csv"]
    assert [one.batch for one in find_sources(f"{name[:1]}{{batch}}.csv", folder)] == [name[1:]]
    assert len(find_sources("*.csv", folder)) == 3


def test_without_a_file_the_pattern_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()  # a folder is no file

    with pytest.raises(InputUnreadable, match=r"no file at \*\.csv"):
        find_sources("*.csv", tmp_path)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_an_empty_file_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    with pytest.raises(InputUnreadable, match=f"{name}: the file is empty"):
        splits_of(source(tmp_path / name))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told(tmp_path: Path, kept: float) -> None:
    one = parquet(tmp_path, pa.table({"x": range(1000)}))
    os.truncate(one.path, int(one.size * kept))

    with pytest.raises(InputUnreadable, match=r"rows\.parquet: not a whole Parquet file"):
        read(source(Path(one.path)))


def test_a_page_of_other_bytes_is_told(tmp_path: Path) -> None:
    """The footer is whole; what it points to is not."""
    one = parquet(tmp_path, pa.table({"x": [f"{i:010d}" for i in range(5000)]}))
    content = bytearray(Path(one.path).read_bytes())
    content[4 : one.size // 2] = os.urandom(one.size // 2 - 4)
    Path(one.path).write_bytes(content)

    with pytest.raises(InputUnreadable, match=r"rows\.parquet"):
        read(one)


def test_a_file_of_another_format_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("a,b\n1,2\n")

    with pytest.raises(InputUnreadable, match="not a whole Parquet file"):
        splits_of(source(tmp_path / "rows.parquet"))


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    one = parquet(tmp_path, pa.table({"x": [1]}))
    Path(one.path).unlink()

    with pytest.raises(InputUnreadable, match=r"rows\.parquet"):
        file_digest(one)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_a_missing_column_is_named_and_so_are_those_that_are_there(
    tmp_path: Path, name: str
) -> None:
    table = pa.table({"x": [1], "y": [2]})
    (pq.write_table if name.endswith("parquet") else pc.write_csv)(table, tmp_path / name)

    with pytest.raises(SchemaMismatch, match=r"column 'z' is missing; it has 'x', 'y'"):
        read(source(tmp_path / name), Projection(("x", "z")))


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_two_columns_of_one_name_are_told_where_that_name_is_read(
    tmp_path: Path, name: str
) -> None:
    table = pa.table([pa.array(["1"])] * 3, names=["x", "y", "x"])
    (pq.write_table if name.endswith("parquet") else pc.write_csv)(table, tmp_path / name)

    with pytest.raises(SchemaMismatch, match="several columns are called 'x'"):
        read(source(tmp_path / name), Projection(("x", "y")))


def test_the_schema_of_csv_is_text(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")

    assert read(source(tmp_path / "rows.csv")).schema == pa.schema(
        [("a", pa.string()), ("b", pa.string())]
    )


def test_a_compressed_csv_file_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "rows.csv.gz", "wt") as file:
        file.write("a,b\n1,\n")

    assert read(source(tmp_path / "rows.csv.gz")).to_pylist() == [{"a": "1", "b": None}]


@pytest.mark.parametrize("row", ["4,5", '4,"secret,5', "4,secret,5,6"])
def test_a_row_of_another_length_is_told_without_its_content(tmp_path: Path, row: str) -> None:
    """What stands in it may be nobody's business."""
    (tmp_path / "rows.csv").write_text(f"a,b,c\n1,2,3\n{row}\n7,8,9\n")

    with pytest.raises(InputUnreadable, match=r"Row #3: Expected 3 columns, got \d\n") as told:
        read(source(tmp_path / "rows.csv"))

    assert "secret" not in told.value.problem
    assert "broken quotes" in told.value.fix


def test_text_that_arrow_lays_out_as_views_is_read_as_text(tmp_path: Path) -> None:
    """A file keeps the layout that its writer had, and gives it back."""
    table = pa.table({"k": pa.array(["a", None], pa.string_view())})

    found = read(parquet(tmp_path, table))["k"]

    assert (found.type, found.to_pylist()) == (pa.string(), ["a", None])


def test_the_old_type_of_spark_holds_times_of_utc(tmp_path: Path) -> None:
    """Parquet has no word for it; by the first rules it was the clock on the wall."""
    moments = pa.array([1_790_000_000_000_000_000], pa.timestamp("ns", "UTC"))
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"at": moments}), path, use_deprecated_int96_timestamps=True)
    one = source(path)

    [split] = splits_of(one)
    by_first = next(read_split(split.by(FileRules(FIRST)), ALL))[1]

    assert read(one)["at"].type == moments.type
    assert read(one)["at"].combine_chunks() == moments
    assert by_first["at"].type == pa.timestamp("ns")


def test_an_empty_text_of_parquet_stays_a_value(tmp_path: Path) -> None:
    """Words that the job lists are missing there, too; those of CSV are not."""
    words = pa.array(["", "NULL", "\\N", "?", None])
    one = parquet(tmp_path, pa.table({"x": words, "y": words.dictionary_encode()}))

    [split] = splits_of(one)
    rows = next(read_split(split.by(FileRules(missing=("?",))), Projection(None, frozenset("y"))))[
        1
    ]

    assert read(one)["x"].to_pylist() == words.to_pylist()
    assert rows["x"].to_pylist() == ["", "NULL", "\\N", None, None]
    assert rows["y"].to_pylist() == rows["x"].to_pylist()


@pytest.mark.parametrize("other", [";", "\t", "|"])
def test_another_delimiter_is_told_with_the_way_out(tmp_path: Path, other: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"x{other}y\n1{other}2\n")

    with pytest.raises(SchemaMismatch, match="column 'x' is missing") as told:
        read(source(path), Projection(("x",)))

    assert f'set data.delimiter = "{other if other != chr(9) else chr(92) + "t"}"' in told.value.fix
