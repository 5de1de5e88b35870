"""Categories of a batch that are mostly new to the model: as if another system had written them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pipelines.scoring.fragment_results import FragmentResult

_MUCH = 0.5  # share of the rows
_MORE = 0.3  # than in training


def warnings_of(
    batch: str, results: Sequence[FragmentResult], in_training: Mapping[str, float]
) -> Iterator[str]:
    """Say of which categories most values of a batch are unknown to the model.

    Args:
        batch: its name.
        results: of all its fragments.
        in_training: the share of training rows whose value is in no vocabulary, by feature.

    Yields:
        One warning per feature.
    """
    rows = sum(result.rows_in for result in results)
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.unknown)
    for name, count in sorted(counts.items()):
        share, usual = count / rows, in_training.get(name, 0.0)
        if share >= _MUCH and share > usual + _MORE:
            yield (
                f"warning: batch {batch}: {share:.0%} of the values of {name!r} are new to the model, which knew "
                f"all but {usual:.0%} in training: are they spelled otherwise, such as 01 for 1?"
            )
