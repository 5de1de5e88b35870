"""Buckets of Google Cloud Storage, or of its emulator (`STORAGE_EMULATOR_HOST`).

Credentials are the application default ones, as for every Google client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from google.api_core import exceptions
from google.auth import exceptions as login
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from urllib3.exceptions import HTTPError

from infra.ports import Item
from pipelines.errors import (
    BucketRefused,
    BucketUnreachable,
    InputUnreadable,
    RecheckError,
)

_TIMEOUT = (10, 60)  # seconds to connect, and between two bytes
_NO_ANSWER = (
    requests.RequestException,
    HTTPError,  # of urllib3, which a reply that is cut comes from
    login.TransportError,
    DataCorruption,
)


class GoogleBucket:
    """One bucket; see `infra.ports.Bucket`. May be used by several threads at once."""

    def __init__(self, name: str) -> None:
        self.url = f"gs://{name}"
        with _translated(self.url):
            self._bucket: Any = storage.Client().bucket(name)

    def list(self, prefix: str) -> list[Item]:
        """Return the objects whose names begin with a prefix."""
        with _translated(self.url):
            # One try a call: the policy of retries stands in infra.bucket_copy.
            found = self._bucket.client.list_blobs(
                self._bucket, prefix=prefix, timeout=_TIMEOUT, retry=None
            )
            return [Item(blob.name, blob.size, str(blob.generation)) for blob in found]

    def download(self, item: Item, path: Path) -> bool:
        """Write the listed content to a file; False where it was replaced or removed since."""
        blob = self._bucket.blob(item.name)
        with _translated(f"{self.url}/{item.name}"), path.open("wb") as file:
            try:
                blob.download_to_file(
                    file,
                    raw_download=True,  # as it is stored: the listed size counts those bytes
                    if_generation_match=int(item.tag),
                    timeout=_TIMEOUT,
                    retry=None,
                )
            except (exceptions.NotFound, exceptions.PreconditionFailed):
                return False
        return True


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except exceptions.GoogleAPICallError as error:
        raise _answered(address, error) from error
    except _NO_ANSWER as error:
        raise BucketUnreachable(
            f"{address}: no whole answer: {error}",
            fix="check the network and STORAGE_EMULATOR_HOST if it is set, then run the same command again",
        ) from error
    except login.GoogleAuthError as error:
        raise BucketRefused(
            f"{address}: no credentials: {error}",
            fix="run `gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name a key file",
        ) from error


def _answered(address: str, error: exceptions.GoogleAPICallError) -> RecheckError:
    """Return the error of an answer that is no success."""
    status = int(error.code or 0)
    if status == 404:
        return InputUnreadable(
            f"{address}: no such bucket", fix="correct data.path in the job file"
        )
    if status >= 500 or status in (408, 429):
        return BucketUnreachable(
            f"{address}: Google Cloud Storage answers {status}",
            fix="run the same command again later",
        )
    return BucketRefused(
        f"{address}: Google Cloud Storage answers {status}: {error.message}",
        fix="let these credentials list the bucket (storage.objects.list) and read its objects (storage.objects.get), or use others",
    )
