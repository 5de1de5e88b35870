"""Errors of the file system and of Delta Lake, translated into ours with the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from pipelines.errors import StoreUnavailable

_NO_LINKS = ("operation not permitted", "not supported", "not implemented", "too many links")
_COLOUR = re.compile(r"\x1b\[\d*m")


@contextmanager
def store_errors(place: str) -> Iterator[None]:
    """Translate an error of the file system, or of Arrow on it, into ours.

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
    """Return the error of a store that cannot be used, with the way out that fits its cause."""
    if _needs_a_link(str(error).lower()):
        return without_hard_links(place)
    return StoreUnavailable(f"{place}: {_in_a_line(error)}", fix=_way_out(error))


def without_hard_links(place: str) -> StoreUnavailable:
    """Return the error of a file system without hard links.

    A commit is a file that gets its name by a hard link, which fails where the
    name is taken. A rename would overwrite the commit of another writer.
    """
    return StoreUnavailable(
        f"{place}: this file system makes no hard links, which every commit needs",
        fix="let RECHECK_STORE name a folder that has them, such as one on a disk of this machine",
    )


def _needs_a_link(text: str) -> bool:
    """Tell whether Delta Lake failed to link a commit to its name, which it calls a rename."""
    return "unable to rename file" in text and any(words in text for words in _NO_LINKS)


def _way_out(error: Exception) -> str:
    text = str(error).lower()
    if "name too long" in text:
        return "give the batch, or the job, a shorter name"
    if "no space" in text or "quota" in text:
        return "free space on the store's disk, then run the same command again; nothing was half published"
    if "permission" in text or "read-only" in text or "readonly" in text:
        return "give this user the right to write there, or name another store by RECHECK_STORE"
    return "check the store named by RECHECK_STORE, then run the same command again"


def _in_a_line(error: Exception) -> str:
    """Return the first line of an error, and the causes that Delta Lake lists below it."""
    first, *others = (str(error).strip() or error.__class__.__name__).splitlines()
    causes = [line.partition("↳")[2] for line in _COLOUR.sub("", "\n".join(others)).splitlines()]
    return ": ".join([first, *(cause.strip() for cause in causes if cause)])[:300]
