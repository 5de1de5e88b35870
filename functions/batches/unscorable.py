"""The most rows that batches can have; those that are refused before any of their rows is scored."""

from __future__ import annotations

from functions.batches.discovery import Input
from functions.runs import physical_memory
from pipelines.errors import BatchRefused, InputUnreadable
from pipelines.input import fragments
from pipelines.input.fragments import Split

_ROW_BYTES = 40  # that a row takes until its batch is published: its id, digest and position
_SHARE = 0.6  # of the memory


def too_large(inputs: Input, batch: str) -> BatchRefused | None:
    """Return why a batch would not fit into memory, by the rows that its files declare; else None."""
    declared = sum(split.rows or 0 for split in inputs.splits([batch]))  # CSV files declare none
    if declared * _ROW_BYTES <= _SHARE * physical_memory():
        return None
    return BatchRefused(
        f"the files of batch {batch!r} declare more rows than the memory of this machine can hold",
        fix="make smaller batches, or score on a machine with more memory",
    )


def most_rows(inputs: Input, batch: str) -> int:
    """Return the most rows that a batch can have: as counted, else as its files declare or can hold."""
    counted = inputs.rows_beside(batch)
    return counted or sum(_most_rows(split) for split in inputs.splits([batch]))


def _most_rows(split: Split) -> int:
    try:
        return fragments.most_rows(split)
    except InputUnreadable:  # reading the split raises it again, for its batches alone
        return 0
