"""Vocabularies: the analyzers that learn the categories of a column, and the words of texts."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Int32s, dictionary_codes
from pipelines.features.fitted import FittedCategorical, FittedText
from pipelines.features.spec import Categorical, Text
from pipelines.features.summaries import LEVELS, Rows, Tally, ValueCounts
from pipelines.features.terms import TermTable, hashed_columns, term_table, terms_of


def text_analyzer(
    feature: Categorical | Text,
) -> _CategoricalAnalyzer | _HashedTextAnalyzer | _VocabularyAnalyzer:
    """Return the analyzer of a feature that a column of text becomes."""
    match feature:
        case Categorical():
            return _CategoricalAnalyzer(feature)
        case Text(method="hashed"):
            return _HashedTextAnalyzer(feature)
        case Text():
            return _VocabularyAnalyzer(feature)


@dataclass(frozen=True, slots=True)
class _CategoricalAnalyzer:
    feature: Categorical

    def create(self) -> ValueCounts:
        return ValueCounts()

    def read(self, column: pa.Array) -> tuple[Int32s, list[str]]:
        return dictionary_codes(column)

    def add(self, summary: ValueCounts, read: tuple[Int32s, list[str]], rows: Rows) -> None:
        codes, texts = read
        values = [*texts, None]
        codes_with_null = np.where(codes < 0, len(texts), codes).astype(np.int64)
        cells = np.bincount(codes_with_null * LEVELS + rows.levels, minlength=len(values) * LEVELS)
        for level, counts in enumerate(cells.reshape(len(values), LEVELS).T):
            present = {values[code]: int(counts[code]) for code in np.flatnonzero(counts)}
            summary.add(present, level=level, rows=int(counts.sum()))

    def result(self, summary: ValueCounts) -> FittedCategorical:
        top = _most_frequent(summary, self.feature.max_values, self.feature.min_count)
        return FittedCategorical(
            values=tuple(value for value, _ in top),
            counts=tuple(count for _, count in top),
            share=summary.share,
        )


def _most_frequent(counts: ValueCounts, most: int, least: int) -> list[tuple[str | None, int]]:
    """Return the `most` values that at least `least` rows have; ties by text, null first."""
    enough = [item for item in counts.totals().items() if item[1] >= least * counts.share]
    enough.sort(key=lambda item: (-item[1], item[0] is not None, item[0] or ""))
    return enough[:most]


@dataclass(frozen=True, slots=True)
class _HashedTextAnalyzer:
    feature: Text

    def create(self) -> Tally:
        return Tally(self.feature.size if self.feature.idf else 0)

    def read(self, column: pa.Array) -> tuple[TermTable | None, int]:
        if not self.feature.idf:  # then nothing is learned
            return None, len(column)
        return term_table(column, hashed_columns(self.feature), self.feature.size), len(column)

    def add(self, summary: Tally, read: tuple[TermTable | None, int], rows: Rows) -> None:
        del rows  # counts of integers do not depend on which rows they are of
        table, texts = read
        columns = np.zeros(0, np.int64) if table is None else table.columns
        summary.add(np.bincount(columns, minlength=summary.size), rows=texts)

    def result(self, summary: Tally) -> FittedText:
        idf = tuple(_idf(summary.rows, count) for count in summary.sums.tolist())
        return FittedText(terms=(), idf=idf, share=1.0)


@dataclass(frozen=True, slots=True)
class _VocabularyAnalyzer:
    feature: Text

    def create(self) -> ValueCounts:
        return ValueCounts()

    def read(self, column: pa.Array) -> list[set[str]]:
        return [set(terms_of(text or "", self.feature)) for text in column.to_pylist()]

    def add(self, summary: ValueCounts, read: list[set[str]], rows: Rows) -> None:
        for level in np.unique(rows.levels).tolist():
            members = np.flatnonzero(rows.levels == level).tolist()
            texts_with: Counter[str | None] = Counter()
            for row in members:
                texts_with.update(read[row])
            summary.add(texts_with, level=level, rows=len(members))

    def result(self, summary: ValueCounts) -> FittedText:
        top = _most_frequent(summary, self.feature.max_terms, self.feature.min_count)
        idf = tuple(_idf(summary.rows, count) for _, count in top) if self.feature.idf else ()
        terms = tuple(term for term, _ in top if term is not None)
        return FittedText(terms=terms, idf=idf, share=summary.share)


def _idf(texts: int, texts_with: int) -> float:
    """Return the inverse document frequency, as if one more text had every term: at least 1.

    Source: scikit-learn's TfidfTransformer with `smooth_idf`.
    """
    return math.log((1 + texts) / (1 + texts_with)) + 1
