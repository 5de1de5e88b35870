"""Input that lies in a bucket, staged in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.clouds import open_bucket
from infra.ports import Say
from infra.store import Store

if TYPE_CHECKING:
    from infra.staging import Staging

_WAIT = 3_600  # seconds for another process that stages the same input


def bring(url: str, store: Store, batches: Sequence[str] = (), say: Say = lambda _: None) -> str:
    """Stage what an address matches; the path of the files, as `find_sources` takes it.

    Raises:
        JobInvalid, InputUnreadable, BatchUnknown, BucketRefused, BucketUnreachable:
            see `infra.staging.Staging.bring`.
        ConcurrentRun: another process has been staging it for an hour.
    """
    staging = _staging(url, store, say)
    with store.lock(f"staged-{staging.folder.name}", wait=_WAIT):
        staging.bring(batches)
    return staging.staged


def batches(url: str, store: Store) -> list[str]:
    """The values of `{batch}` in the names of the objects."""
    return _staging(url, store, lambda _: None).batches()


def _staging(url: str, store: Store, say: Say) -> Staging:
    from infra.staging import Staging, folder_name

    bucket, pattern = open_bucket(url)
    return Staging(bucket, pattern, store.staging / folder_name(url), say)
