"""What the file system says of the store, in our words and with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from pipelines.errors import StoreUnavailable


@contextmanager
def store_errors(place: str) -> Iterator[None]:
    """Turn what a file system, or Arrow on it, says into our error.

    Args:
        place: the folder or file that is worked on, for the message.

    Raises:
        StoreUnavailable: it is full, read-only, not there, or broken.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise unavailable(place, error) from error


def unavailable(place: str, error: Exception) -> StoreUnavailable:
    """The error of a store that cannot be used, with the way out that fits its cause."""
    return StoreUnavailable(f"{place}: {_first_line(error)}", fix=_way_out(error))


def _way_out(error: Exception) -> str:
    text = str(error).lower()
    if "name too long" in text:
        return "give the batch, or the job, a shorter name"
    if "no space" in text or "quota" in text:
        return "free space on the store's disk, then run the same command again; nothing was half published"
    if "permission" in text or "read-only" in text or "readonly" in text:
        return "give this user the right to write there, or name another store by RECHECK_STORE"
    return "check the store named by RECHECK_STORE, then run the same command again"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or error.__class__.__name__).splitlines()[0][:300]
