"""A secret is found wherever it lies, and the search says how far it went."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.promises import leaks
from infra.clouds.folder import Folder

SECRET = "0123456789abcdef"


def test_a_secret_between_two_chunks_is_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x" * (leaks._CHUNK - 5) + SECRET)

    assert leaks.search(Folder(tmp_path), SECRET).holders == ["log"]


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["a", SECRET, None]),
        pa.array(["a", SECRET, "a"]).dictionary_encode(),
        pa.array([b"a", SECRET.encode()]),
        pa.array([[("a", SECRET)]], pa.map_(pa.string(), pa.string())),
    ],
    ids=["texts", "coded texts", "bytes", "maps"],
)
def test_a_secret_in_packed_values_is_found(tmp_path: Path, values: pa.Array) -> None:
    path = tmp_path / "rows.parquet"
    options = {"compression": "gzip", "write_statistics": False, "use_dictionary": False}
    pq.write_table(pa.table({"column": values}), path, **options)
    assert SECRET.encode() not in path.read_bytes()

    assert leaks.search(Folder(tmp_path), SECRET).holders == [path.name]


def test_a_file_that_is_no_parquet_is_looked_through_as_it_lies(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_text(f"not packed: {SECRET}")
    (tmp_path / "other.parquet").write_text("nothing")

    assert leaks.search(Folder(tmp_path), SECRET).holders == ["broken.parquet"]


def test_a_search_ends_and_says_where(tmp_path: Path) -> None:
    """Small files first: notes and pages, before the rows of large batches."""
    (tmp_path / "large").write_bytes(bytes(1000))
    (tmp_path / "small").write_text(SECRET)

    search = leaks.search(Folder(tmp_path), SECRET, most=500)

    assert search.holders == ["small"]
    assert search.extent == "the 1 smallest of the 2 files of the store"


def test_a_store_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    search = leaks.search(Folder(tmp_path / "nothing"), SECRET)

    assert (search.holders, search.extent) == ([], "the 0 files of the store")
