"""The most rows that a batch can have, also where its files cannot be read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.batches.discovery import Input
from functions.batches.file_batches import batches_of_file
from functions.batches.unscorable import most_rows
from pipelines.input.fragments import find_sources
from pipelines.job.rules import BatchRule


def batches_of_paths(folder: Path) -> Input:
    sources = find_sources("{batch}.*", folder)
    contents = {one.name: batches_of_file(one, BatchRule("path")) for one in sources}
    return Input(sources, sorted(one.batch or "" for one in sources), (), contents)


def test_a_parquet_file_declares_how_many_rows_it_has(tmp_path: Path) -> None:
    pq.write_table(pa.table({"key": ["a", "b", "c"]}), tmp_path / "good.parquet")

    assert most_rows(batches_of_paths(tmp_path), "good") == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [("bad.parquet", b"PAR1 and no more"), ("bad.parquet", b"a,b\n1,2\n"), ("bad.csv", b"\n")],
)
def test_a_file_that_cannot_be_read_has_no_rows(tmp_path: Path, name: str, content: bytes) -> None:
    """Whoever reads it gets the error, for its batch alone."""
    (tmp_path / name).write_bytes(content)

    assert most_rows(batches_of_paths(tmp_path), "bad") == 0
