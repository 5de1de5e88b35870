"""Terms of texts, against scikit-learn's vectorizers."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from pipelines.columns.buffers import texts
from pipelines.features.spec import Text
from pipelines.features.terms import (
    LONGEST,
    Buckets,
    hashed_columns,
    term_table,
    terms_of,
    vocabulary_columns,
)

_TEXT = st.text(st.sampled_from("aB éß\t\n1_-'🙂東"), max_size=30)


@given(
    _TEXT,
    st.sampled_from(["word", "char"]),
    st.booleans(),
    st.sampled_from([(1, 1), (1, 3), (2, 3)]),
)
def test_terms_are_those_of_scikit_learn(
    text: str,
    analyzer: Literal["word", "char"],
    lowercase: bool,  # noqa: FBT001
    ngrams: tuple[int, int],
) -> None:
    feature = Text(analyzer=analyzer, lowercase=lowercase, ngrams=ngrams)
    oracle = CountVectorizer(analyzer=analyzer, lowercase=lowercase, ngram_range=ngrams)

    assert Counter(terms_of(text, feature)) == Counter(oracle.build_analyzer()(text))


def test_a_bucket_is_a_published_hash() -> None:
    """CRC-32 of "123456789" is CBF43926, whoever computes it."""
    assert Buckets(2**22)["123456789"] == 0xCBF43926 % 2**22


def test_counts_are_in_order_of_row_and_column() -> None:
    """Null and empty texts have no entries."""
    feature = Text(ngrams=(1, 1))
    columns_of = vocabulary_columns(feature, ["late", "bird", "early"])

    table = term_table(texts(["early bird early", None, "", "a late bird?"]), columns_of, 3)

    assert table.rows.tolist() == [0, 0, 3, 3]
    assert table.columns.tolist() == [1, 2, 0, 1]
    assert table.counts.tolist() == [1, 2, 1, 1]


def test_terms_in_one_bucket_are_counted_together() -> None:
    feature = Text(ngrams=(1, 2), size=2)

    table = term_table(texts(["one two three"]), hashed_columns(feature), 2)

    assert int(table.counts.sum()) == 5
    assert set(table.columns.tolist()) <= {0, 1}


@pytest.mark.parametrize("method", ["hashed", "vocabulary"])
def test_a_huge_text_is_read_in_part(method: Literal["hashed", "vocabulary"]) -> None:
    """Ten million characters in one cell must not stop a worker."""
    words = terms_of("word " * 2_000_000, Text(method=method, ngrams=(1, 1)))

    assert len(words) == LONGEST // 5
