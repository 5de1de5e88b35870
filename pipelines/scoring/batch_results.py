"""The results of one batch, fragment by fragment, within bounded memory however many rows are bad.

All bad rows are counted. They are kept, too, as long as they are few, because
`quarantine` gets them; of more, the first of each reason are kept, and the
batch is read again if it turns out to be published. Once more rows are bad
than any number of good ones can make up for, nothing else of it is needed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from pipelines.scoring.fragment_results import BadRow, FragmentResult, Reason

MOST_KEPT = 500_000  # bad rows of a batch: about 100 MB
FIRST = 100  # bad rows of each reason, where there are more


@dataclass
class BatchResults:
    """What came out of a batch so far."""

    most_bad: int | None = None  # with more bad rows, the batch is surely refused; None: never
    most_kept: int | None = field(default_factory=lambda: MOST_KEPT)  # bad rows; None: all
    results: list[FragmentResult] = field(default_factory=list)
    bad: int = 0  # rows, whether kept or not
    kept: int = 0  # bad rows

    def add(self, result: FragmentResult) -> None:
        """Add the result of one fragment."""
        self.results.append(result)
        self.bad += result.bad_count
        self.kept += len(result.bad)
        if self.is_refused:
            self.results = _thinned([_emptied(one) for one in self.results])
        elif self.most_kept is not None and self.kept > self.most_kept:
            self.results = _thinned(self.results)
        else:
            return
        self.kept = sum(len(one.bad) for one in self.results)

    @property
    def is_refused(self) -> bool:
        """Whether too many rows are bad, whatever comes yet."""
        return self.most_bad is not None and self.bad > self.most_bad


def _thinned(results: list[FragmentResult]) -> list[FragmentResult]:
    """Return the results with the first bad rows of each reason; the others are counted."""
    seen: Counter[Reason] = Counter()
    return [_first(result, seen) for result in results]


def _first(result: FragmentResult, seen: Counter[Reason]) -> FragmentResult:
    kept: list[BadRow] = []
    more = Counter(result.more_bad)
    for row in result.bad:
        place: Reason = (row.reason, row.column)
        seen[place] += 1
        if seen[place] <= FIRST:
            kept.append(row)
        else:
            more[place] += 1
    return replace(result, bad=tuple(kept), more_bad=dict(more))


def _emptied(result: FragmentResult) -> FragmentResult:
    """Return a result without its predictions, which nobody will publish."""
    return replace(
        result,
        ids=np.zeros((0, 2), np.uint64),
        contents=np.zeros((0, 2), np.uint64),
        positions=np.zeros(0, np.int64),
        file=None,
    )
