"""Input of a bucket, staged in the store: copied to this machine, to be read there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.clouds import open_bucket
from infra.ports import Say
from infra.store import Store

if TYPE_CHECKING:
    from infra.bucket_copy import Staging

_WAIT = 3_600  # seconds for another process that stages the same input


def bring(url: str, store: Store, batches: Sequence[str] = (), say: Say = lambda _: None) -> str:
    """Copy the objects that an address matches to this machine, where they changed since the last time.

    Args:
        url: the address, with `*` and `{batch}` as in `data.path`.
        store: keeps the copies.
        batches: whose objects are needed, where the address names batches; none for all.
        say: takes a line of news.

    Returns:
        The path pattern of the copies, for `find_sources`.

    Raises:
        JobInvalid, InputUnreadable, BatchUnknown, BucketRefused, BucketUnreachable:
            see `infra.bucket_copy.Staging.bring`.
        ConcurrentRun: another process has been staging it for an hour.
    """
    staging = _staging(url, store, say)
    with store.lock(f"staged-{staging.folder.name}", wait=_WAIT):
        staging.bring(batches)
    return staging.staged


def batches(url: str, store: Store) -> list[str]:
    """Return the values of `{batch}` in the names of the objects, sorted."""
    return _staging(url, store, lambda _: None).batches()


def discard(url: str, store: Store) -> None:
    """Remove the copies of an address from this machine; the next `bring` makes them anew.

    Raises:
        ConcurrentRun: another process has been staging it for an hour.
    """
    staging = _staging(url, store, lambda _: None)
    with store.lock(f"staged-{staging.folder.name}", wait=_WAIT):
        shutil.rmtree(staging.folder, ignore_errors=True)


def _staging(url: str, store: Store, say: Say) -> Staging:
    from infra.bucket_copy import Staging, folder_name

    bucket, pattern = open_bucket(url)
    return Staging(bucket, pattern, store.staging / folder_name(url), say)
