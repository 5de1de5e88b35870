"""Batches that failed in a step: each has an error, and stops no other batch."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.errors import RecheckError

FAILED = "failed"
UNREAD = "files that nobody could read"  # stands for the batches that they may hold
_SHOWN = 5  # names in a message, of many


def first_of(failed: Mapping[str, RecheckError]) -> RecheckError | None:
    """Return the error of the first batch by name, which names the others; None where none failed.

    Args:
        failed: the error of each batch that failed.
    """
    if not failed:
        return None
    first, *others = sorted(failed)
    more = f" (and {len(others)} more: {', '.join(others[:_SHOWN])})" if others else ""
    error = failed[first]
    return type(error)(error.problem + more, fix=error.fix)
