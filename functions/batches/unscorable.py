"""Batches that are refused before any of their rows is read."""

from __future__ import annotations

from urllib.parse import quote

from functions.batches.discovery import Input
from functions.batches.failures import FAILED
from functions.batches.publish import BatchResult
from functions.runs import physical_memory
from pipelines.errors import BatchRefused

_ROW_BYTES = 40  # that a row takes until its batch is published: its id, digest and position
_SHARE = 0.6  # of the memory
_LONGEST = 255 - len("batch=")  # bytes of a folder's name, as it is written


def unscorable(inputs: Input, batch: str, *, is_named: bool) -> BatchResult | None:
    """Return the result of a batch that cannot be scored, by its name and its files; else None.

    Args:
        inputs: its files.
        batch: its name.
        is_named: whether the command names it: it may not be there at all, which
            is told when its rows are read.

    Returns:
        The batch as one that failed, with the reason.
    """
    if len(quote(batch, safe="")) > _LONGEST and not is_named:
        return _failed(
            batch,
            f"batch {batch!r} has a name that no folder can have: it is too long",
            "give the batch a shorter name",
        )
    if inputs.declared_rows(batch) * _ROW_BYTES > _SHARE * physical_memory():
        return _failed(
            batch,
            f"the files of batch {batch!r} declare more rows than the memory of this machine can hold",
            "make smaller batches, or score on a machine with more memory",
        )
    return None


def _failed(batch: str, problem: str, fix: str) -> BatchResult:
    return BatchResult(batch, 0, 0, 0, FAILED, BatchRefused(problem, fix=fix))
