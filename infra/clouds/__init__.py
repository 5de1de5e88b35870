"""Stores and buckets by their address: the one place that knows which adapter a kind of address has.

A client is imported when its cloud is named, not before. A store needs the ports
`pipelines.tables.files.Files` and `infra.ports.Locks`, input needs `infra.ports.Bucket`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from infra.clouds import folder
from infra.ports import Bucket, StoreRoot
from pipelines.errors import JobInvalid

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]")


def is_remote(path: str) -> bool:
    """Tell whether a path is an address, not a path on this machine.

    >>> is_remote("s3://bucket/{batch}.parquet"), is_remote("data/{batch}.parquet")
    (True, False)
    """
    return "://" in path


def open_root(address: str) -> StoreRoot:
    """Open what lies at the address of a store.

    Raises:
        SettingsInvalid: the address is of no kind that can be a store.
    """
    scheme, separator, _ = address.partition("://")
    kind = scheme if separator else _PATH
    if kind not in _STORES:
        raise folder.no_folder(address)
    return _STORES[kind](address)


def open_bucket(url: str) -> tuple[Bucket, str]:
    """Return the bucket of an address, and the pattern of the names in it.

    Raises:
        JobInvalid: the address is of no cloud that can be read, or names no object.
        BucketRefused: the client of that cloud has nothing to log in with.
    """
    scheme, _, rest = url.partition("://")
    name, _, pattern = rest.partition("/")
    if scheme not in _BUCKETS:
        raise JobInvalid(
            f"data.path = {url}: {scheme}:// cannot be read",
            fix="name a path on this machine, or an address that begins with s3:// or gs://",
        )
    if not _NAME.fullmatch(name) or not pattern or pattern.endswith("/"):
        raise JobInvalid(
            f"data.path = {url}: this is not {scheme}://bucket/object",
            fix=f"write {scheme}://bucket/prefix/{{batch}}.parquet, or the like; keys and passwords never stand there",
        )
    return _BUCKETS[scheme](name), pattern


def _s3(name: str) -> Bucket:
    from infra.clouds.aws import S3Bucket

    return S3Bucket(name)


def _gs(name: str) -> Bucket:
    from infra.clouds.gcp import GoogleBucket

    return GoogleBucket(name)


_PATH = "file"  # an address without a scheme is a path
_STORES: dict[str, Callable[[str], StoreRoot]] = {_PATH: folder.open_root}
_BUCKETS: dict[str, Callable[[str], Bucket]] = {"s3": _s3, "gs": _gs}
