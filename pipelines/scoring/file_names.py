"""Names of the files of `predictions`: the only place that makes them and takes them apart.

A name begins with the attempt that wrote the file and derives from the input
alone, so that a repeat writes the same file again. One name always means the
same content.
"""

from __future__ import annotations

from dataclasses import dataclass

_ENDING = ".parquet"
_WITHOUT = "-without."  # then the run that erased a row


@dataclass(frozen=True, slots=True)
class Origin:
    """The rows of the input that a file of predictions was made from."""

    file: int  # place of the input file among those of its batch
    row_group: int
    first_row: int  # number, within the input file, of the first row of the batch in the fragment


def predictions_name(attempt: str, origin: Origin, *, is_cut: bool) -> str:
    """Name the file for the predictions of one fragment and batch.

    Args:
        attempt: the attempt at publishing the batch; it holds no "-".
        origin: the rows of the input.
        is_cut: whether rows were left out of it, for they share their key with others.

    Returns:
        The name, without its folder.

    >>> predictions_name("3f2a", Origin(2, 0, 65536), is_cut=True)
    '3f2a-00002-00000-000000065536-rest.parquet'
    """
    place = f"{origin.file:05d}-{origin.row_group:05d}-{origin.first_row:012d}"
    return f"{attempt}-{place}{'-rest' if is_cut else ''}{_ENDING}"


def empty_name(attempt: str) -> str:
    """Name the file of a batch without one prediction.

    >>> empty_name("3f2a")
    '3f2a-none.parquet'
    """
    return f"{attempt}-none{_ENDING}"


def erased_name(name: str, run: str) -> str:
    """Name a file of which a run has erased a row: the content is another, the attempt the same.

    >>> erased_name("3f2a-00002-00000-000000065536.parquet", "0123456789abcdef")
    '3f2a-00002-00000-000000065536-without.01234567.parquet'
    >>> erased_name("3f2a-none-without.76543210.parquet", "0123456789abcdef")
    '3f2a-none-without.01234567.parquet'
    """
    return f"{name.removesuffix(_ENDING).split(_WITHOUT)[0]}{_WITHOUT}{run[:8]}{_ENDING}"


def attempt_of(name: str) -> str:
    """Read the attempt that wrote a file off its name.

    >>> attempt_of("3f2a-none.parquet")
    '3f2a'
    """
    return name.split("-", 1)[0]
