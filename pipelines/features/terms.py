"""Terms of free text (runs of words or of characters), and their columns in the matrix.

Text is the one kind of column that is read value by value, in Python: what a
word is depends on the alphabet. A short text takes some microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from zlib import crc32

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Int64s
from pipelines.features.spec import Text

LONGEST = 100_000  # characters of a text that are read
ColumnsOf = Callable[[str], Iterable[int]]
"""From a text to the matrix column of each of its terms; a term without one is left out."""

_WORD = re.compile(r"\b\w\w+\b")
_SPACES = re.compile(r"\s\s+")
_REMEMBERED = 1_000_000  # terms whose bucket is kept at hand


@dataclass(frozen=True, slots=True)
class TermTable:
    """How often each column's term occurs in each text.

    Rows (entries,) ascend, then columns (entries,) within a row; counts
    (entries,) are at least 1.
    """

    rows: Int64s
    columns: Int64s
    counts: Int64s


def terms_of(text: str, feature: Text) -> list[str]:
    """Return every term of a text, repeats included.

    The terms are those of scikit-learn's CountVectorizer.

    >>> terms_of("It is late, late!", Text(ngrams=(2, 2)))
    ['it is', 'is late', 'late late']
    """
    text = text[:LONGEST]
    if feature.lowercase:
        text = text.lower()
    low, high = feature.ngrams
    if feature.analyzer == "char":
        text = _SPACES.sub(" ", text)
        return [text[at : at + n] for n in range(low, high + 1) for at in _starts(text, n)]
    words = _WORD.findall(text)
    runs = [_runs(words, n) for n in range(max(low, 2), high + 1)]
    return list(chain(words if low == 1 else (), *runs))


def term_table(column: pa.Array, columns_of: ColumnsOf, size: int) -> TermTable:
    """Count how often each matrix column's term occurs in each text.

    Args:
        column: the texts (n,); null is the empty text.
        columns_of: from a text to the column of each of its terms.
        size: the number of columns.

    Returns:
        The counts, for the pairs of text and column that have any.
    """
    rows = [list(columns_of(text)) if text else [] for text in column.to_pylist()]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    flat = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
    cells = np.repeat(np.arange(len(rows)), lengths) * size + flat
    distinct, counts = np.unique(cells, return_counts=True)
    return TermTable(distinct // size, distinct % size, counts)


class Buckets(dict[str, int]):
    """The bucket of a term: CRC-32 of its UTF-8 bytes, modulo the number of buckets.

    >>> Buckets(2**16)["late"]
    8085
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __missing__(self, term: str) -> int:
        bucket = crc32(term.encode()) % self._size
        if len(self) < _REMEMBERED:
            self[term] = bucket
        return bucket


def hashed_columns(feature: Text) -> ColumnsOf:
    """Return the function from a text to the buckets of its terms."""
    return partial(_hashed, feature, Buckets(feature.size))


def vocabulary_columns(feature: Text, vocabulary: Iterable[str]) -> ColumnsOf:
    """Return the function from a text to the indices of its terms in the vocabulary."""
    return partial(_listed, feature, {term: index for index, term in enumerate(vocabulary)})


def _hashed(feature: Text, buckets: Buckets, text: str) -> Iterable[int]:
    return map(buckets.__getitem__, terms_of(text, feature))


def _listed(feature: Text, indices: dict[str, int], text: str) -> Iterable[int]:
    return [indices[term] for term in terms_of(text, feature) if term in indices]


def _starts(text: str, n: int) -> range:
    return range(len(text) - n + 1)


def _runs(words: list[str], n: int) -> map[str]:
    return map(" ".join, zip(*(words[start:] for start in range(n)), strict=False))
