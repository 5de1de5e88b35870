"""A value that a file holds once may not be repeated beyond what memory holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import InputUnreadable
from pipelines.input.declared_values import immense_column
from pipelines.input.fragments import FRAGMENT_ROWS, Projection, find_sources, read_split, splits_of

ROWS = FRAGMENT_ROWS


def written(path: Path, words: list[str], codes: object) -> Path:
    texts = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words))
    table = pa.table({"number": np.arange(len(texts)), "text": texts})
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=2**27)
    return path


@pytest.mark.parametrize("coded", [frozenset(), frozenset({"text"})])
def test_a_long_value_in_every_row_is_refused_before_it_is_read(
    coded: frozenset[str], tmp_path: Path
) -> None:
    path = written(tmp_path / "a.parquet", ["x" * 5_000_000], np.zeros(ROWS))
    (split,) = splits_of(find_sources("a.parquet", tmp_path)[0])

    with pytest.raises(InputUnreadable, match="column 'text' are few, and so long"):
        next(read_split(split, Projection(None, coded)))

    assert path.stat().st_size < 1_000_000


def test_a_long_value_in_few_rows_is_a_value(tmp_path: Path) -> None:
    codes = np.ones(ROWS)
    codes[7] = 0
    path = written(tmp_path / "a.parquet", ["x" * 5_000_000, "short"], codes)

    assert immense_column(pq.ParquetFile(path), str(path), 0, ["number", "text"], ROWS) is None


@pytest.mark.parametrize("words", [["a", "b"], [""]])
def test_short_values_are_let_through(words: list[str], tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", words, np.zeros(10))

    assert immense_column(pq.ParquetFile(path), str(path), 0, ["text"], ROWS) is None


def test_columns_that_nobody_wants_are_not_looked_at(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", ["x" * 5_000_000], np.zeros(ROWS))

    assert immense_column(pq.ParquetFile(path), str(path), 0, ["number"], ROWS) is None
