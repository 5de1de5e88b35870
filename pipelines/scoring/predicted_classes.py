"""Counts of the classes that were predicted, by whether people can choose them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import Floats, dictionary_codes

_NAMED = 100  # classes that are no answer, of many
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class PredictedClasses:
    """Counts of predicted classes, none of numbers."""

    listed: Mapping[str, int] = field(default_factory=dict)  # rows, by class that is an answer
    unlisted: Mapping[str, int] = field(default_factory=dict)  # by the most frequent other ones
    others: int = 0  # rows of yet other classes
    unlikely: Mapping[str, int] = field(default_factory=dict)  # rows with a score below a half
    mapped: Mapping[str, int] = field(default_factory=dict)  # rows whose text stood for the class

    @classmethod
    def of(
        cls,
        labels: pa.Array,
        scores: Floats | None,
        answers: Collection[str],
        mapped: Mapping[str, int],
    ) -> PredictedClasses:
        """Count the classes of a fragment.

        Args:
            labels: text or coded text (n,), without nulls.
            scores: probabilities of the labels (n,), NaN where there is none.
            answers: the classes that people may choose.
            mapped: rows whose text stood for a class, by class.

        Returns:
            The counts; of classes that are no answer at most 100 are named.
        """
        codes, words = dictionary_codes(labels)
        counts = np.bincount(codes, minlength=len(words)).tolist()
        there = Counter({word: count for word, count in zip(words, counts, strict=True) if count})
        listed = {word: there.pop(word) for word in answers if word in there}
        unlisted = dict(there.most_common(_NAMED))
        is_low = np.zeros(len(codes), np.bool_) if scores is None else scores < _HALF
        low = np.bincount(codes[is_low], minlength=len(words)).tolist()
        lows = {word: count for word, count in zip(words, low, strict=True) if count}
        unlikely = {word: lows[word] for word in listed if word in lows}
        return cls(listed, unlisted, there.total() - sum(unlisted.values()), unlikely, mapped)

    def __add__(self, other: PredictedClasses) -> PredictedClasses:
        """Return the counts of both."""
        unlisted = Counter(self.unlisted) + Counter(other.unlisted)
        named = dict(unlisted.most_common(_NAMED))
        left = unlisted.total() - sum(named.values())
        return PredictedClasses(
            Counter(self.listed) + Counter(other.listed),
            named,
            self.others + other.others + left,
            Counter(self.unlikely) + Counter(other.unlikely),
            Counter(self.mapped) + Counter(other.mapped),
        )
