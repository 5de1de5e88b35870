"""Words that mean nothing become null, whatever layout their column has."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.formats.missing_words import with_available, without_words

PLAIN = pa.array(["a", "NA", None, "?", ""])


@pytest.mark.parametrize(
    "column",
    [PLAIN, PLAIN.cast(pa.large_string()), PLAIN.dictionary_encode()],
    ids=lambda column: str(column.type),
)
def test_listed_words_are_missing_in_any_layout(column: pa.Array) -> None:
    found = without_words(column, ["NA", "?"])

    assert found.to_pylist() == ["a", None, None, None, ""]
    assert found.type == column.type


def test_numbers_have_no_words() -> None:
    column = pa.array([1, 2])

    assert without_words(column, ["1"]) is column


def test_na_is_missing_in_the_columns_of_numbers_alone() -> None:
    """In any case of letters; an empty text stays a value."""
    words = pa.array(["1", " na ", "NaN", "", b"x"], pa.binary()).view(pa.string())
    rows = pa.RecordBatch.from_arrays([words, words], names=["number", "text"])

    found = with_available(rows, {"number"})

    assert found.column(0).to_pylist() == ["1", None, None, "", "x"]
    assert found.column(1).to_pylist() == words.to_pylist()
