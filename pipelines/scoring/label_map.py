"""Predicted texts of another system, read by `predictions.map`: as the class that each stands for, or as none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipelines.columns.buffers import dictionary_codes, int_array, texts
from pipelines.input.faults import Faults
from pipelines.job.prediction_columns import Quarantined

_ALL = "*"  # at the end of a text: and whatever comes after


@dataclass(frozen=True, slots=True)
class LabelMap:
    """What predicted texts stand for."""

    rules: Mapping[str, str | Quarantined] = field(default_factory=dict)
    answers: Collection[str] = ()

    def of(self, text: str) -> str | Quarantined | None:
        """Return what a text stands for; None where it stands for itself.

        A rule for the very text comes first, then the longest that it begins with. An
        answer stands for itself.

        >>> LabelMap({"Goo*": "good", "G*": "great"}, ["G"]).of("Good")
        'good'
        >>> LabelMap({"Goo*": "good", "G*": "great"}, ["G"]).of("G") is None
        True
        """
        if text in self.rules:
            return self.rules[text]
        if text in self.answers:
            return None
        begins = [r for r in self.rules if r.endswith(_ALL) and text.startswith(r[:-1])]
        return self.rules[max(begins, key=len)] if begins else None

    def read(
        self, labels: pa.Array, column: str, faults: Faults
    ) -> tuple[pa.Array, dict[str, int]]:
        """Return the classes that texts stand for.

        Args:
            labels: the predicted texts (n,), canonical, null where there is none.
            column: its name, for the faults.
            faults: takes the rows that go to quarantine.

        Returns:
            The classes (n,), and how many rows were read so, by class; the same array where there is no rule.
        """
        if not self.rules:
            return labels, {}
        codes, words = dictionary_codes(labels)
        counts = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
        read: dict[str, int] = {}
        for place, (word, count) in enumerate(zip(tuple(words), counts, strict=True)):
            to = self.of(word)
            if isinstance(to, Quarantined):
                faults.mark(codes == place, to.reason, column)
            elif to is not None and count:
                words[place] = to
                read[to] = read.get(to, 0) + count
        return texts(words).take(int_array(codes, codes < 0)), read
