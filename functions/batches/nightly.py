"""The batches that `run` leaves out by itself, and names of batches as people type them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from pipelines.errors import BatchUnknown
from pipelines.job.periods import named

EARLIER, TRAINED_ON = "earlier", "trained on"  # states of a batch


def left_out(
    batches: Sequence[str], since: str | None, trained_on: Collection[str]
) -> dict[str, str]:
    """Find the batches that nobody should score or ask about without naming them.

    A model looks better than it is on the rows that it learned from. A job of
    one batch has no others, so that one is taken.

    Args:
        batches: that the data holds.
        since: the first batch to take, where the job file or a command says it.
        trained_on: the batches that the live model learned from; they count only
            where `since` is not said.

    Returns:
        The state of each batch that is left out.
    """
    if since is not None:
        return {batch: EARLIER for batch in batches if _is_before(batch, since)}
    if len(batches) < 2:
        return {}
    return {batch: TRAINED_ON for batch in batches if batch in trained_on}


def _is_before(batch: str, first: str) -> bool:
    """Compare two periods by their start, and other names as text; a period has no order with those."""
    one, other = named(batch), named(first)
    if one and other:
        return one.start < other.start
    return not one and not other and batch < first


def selected(wanted: Sequence[str], batches: Sequence[str]) -> list[str]:
    """Find the batches that a person means by names, ranges `A..B` and patterns like `2026-10-*`.

    >>> days = ["2026-10-31", "2026-11-01", "2026-11-02", "unknown"]
    >>> selected(["2026-10-31..2026-11-01"], days), selected(["2026-11-*"], days)
    (['2026-10-31', '2026-11-01'], ['2026-11-01', '2026-11-02'])

    Args:
        wanted: as they were typed.
        batches: that the data holds.

    Returns:
        The batches in the order that they were typed, each once.

    Raises:
        BatchUnknown: a range or a pattern holds none.
    """
    found: list[str] = []
    for word in wanted:
        some = _meant(word, batches)
        if not some:
            raise BatchUnknown(
                f"no batch lies in {word!r}",
                fix=f"the data has {', '.join(batches[-5:]) or 'none'}",
            )
        found += some
    return list(dict.fromkeys(found))


def is_plain(word: str) -> bool:
    """Tell whether a typed batch is neither a range nor a pattern."""
    return ".." not in word and not set(word) & set("*?[")


def _meant(word: str, batches: Sequence[str]) -> list[str]:
    if word in batches or is_plain(word):
        return [word]
    first, is_range, last = word.partition("..")
    if is_range:
        return [
            one for one in batches if not _is_before(one, first) and _is_within(one, first, last)
        ]
    return [batch for batch in batches if fnmatchcase(batch, word)]


def _is_within(batch: str, first: str, last: str) -> bool:
    is_period = named(first) is not None
    return (named(batch) is not None) == is_period and not _is_before(last, batch)
