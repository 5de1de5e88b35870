"""Buckets of the clouds by their address. A client is imported when its cloud is named, not before."""

from __future__ import annotations

import re
from collections.abc import Callable

from infra.ports import Bucket
from pipelines.errors import JobInvalid

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]")


def is_remote(path: str) -> bool:
    """Tell whether a path is an address, not a path on this machine.

    >>> is_remote("s3://bucket/{batch}.parquet"), is_remote("data/{batch}.parquet")
    (True, False)
    """
    return "://" in path


def open_bucket(url: str) -> tuple[Bucket, str]:
    """Return the bucket of an address, and the pattern of the names in it.

    Raises:
        JobInvalid: the address is of no cloud that can be read, or names no object.
        BucketRefused: the client of that cloud has nothing to log in with.
    """
    scheme, _, rest = url.partition("://")
    name, _, pattern = rest.partition("/")
    if scheme not in _CLOUDS:
        raise JobInvalid(
            f"data.path = {url}: {scheme}:// cannot be read",
            fix="name a path on this machine, or an address that begins with s3:// or gs://",
        )
    if not _NAME.fullmatch(name) or not pattern or pattern.endswith("/"):
        raise JobInvalid(
            f"data.path = {url}: this is not {scheme}://bucket/object",
            fix=f"write {scheme}://bucket/prefix/{{batch}}.parquet, or the like; keys and passwords never stand there",
        )
    return _CLOUDS[scheme](name), pattern


def _s3(name: str) -> Bucket:
    from infra.clouds.aws import S3Bucket

    return S3Bucket(name)


def _gs(name: str) -> Bucket:
    from infra.clouds.gcp import GoogleBucket

    return GoogleBucket(name)


_CLOUDS: dict[str, Callable[[str], Bucket]] = {"s3": _s3, "gs": _gs}
