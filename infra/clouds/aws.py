"""Buckets of S3, and of whatever speaks its protocol (`AWS_ENDPOINT_URL_S3`).

Keys, profile, role and region are found where every AWS tool finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from infra.ports import Item
from pipelines.errors import (
    BucketRefused,
    BucketUnreachable,
    InputUnreadable,
    RecheckError,
)

_CHUNK = 1 << 20  # bytes
_CONNECTIONS = 16
_MOVED_ON = (404, 412)  # the object is gone, or no longer the listed one
_AGAIN = frozenset({"RequestTimeout", "SlowDown", "Throttling", "RequestLimitExceeded"})
_NO_ANSWER = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    exceptions.FlexibleChecksumError,
)
_NO_KEYS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)


class S3Bucket:
    """One bucket; see `infra.ports.Bucket`. May be used by several threads at once."""

    def __init__(self, name: str) -> None:
        self.url = f"s3://{name}"
        self._name = name
        # One try a call: the policy of retries stands in infra.bucket_copy.
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=_CONNECTIONS,
        )
        with _translated(self.url):
            self._client: Any = boto3.Session().client("s3", config=config)

    def list(self, prefix: str) -> list[Item]:
        """Return the objects whose names begin with a prefix."""
        pages = self._client.get_paginator("list_objects_v2")
        with _translated(self.url):
            return [
                Item(found["Key"], found["Size"], found["ETag"])
                for page in pages.paginate(Bucket=self._name, Prefix=prefix)
                for found in page.get("Contents", ())
            ]

    def download(self, item: Item, path: Path) -> bool:
        """Write the listed content to a file; False where it was replaced or removed since."""
        with _translated(f"{self.url}/{item.name}"):
            try:
                reply = self._client.get_object(Bucket=self._name, Key=item.name, IfMatch=item.tag)
            except exceptions.ClientError as error:
                if _status(error) in _MOVED_ON:
                    return False
                raise
            with closing(reply["Body"]) as body, path.open("wb") as file:
                for chunk in body.iter_chunks(_CHUNK):
                    file.write(chunk)
        return True


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except exceptions.ClientError as error:
        raise _answered(address, error) from error
    except _NO_ANSWER as error:
        raise BucketUnreachable(
            f"{address}: no whole answer: {error}",
            fix="check the network and AWS_ENDPOINT_URL_S3 if it is set, then run the same command again",
        ) from error
    except _NO_KEYS as error:
        raise BucketRefused(
            f"{address}: no credentials: {error}",
            fix="name some as for every AWS tool: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role",
        ) from error
    except exceptions.BotoCoreError as error:
        raise BucketRefused(
            f"{address}: {error}", fix="correct the AWS configuration of this machine"
        ) from error


def _answered(address: str, error: exceptions.ClientError) -> RecheckError:
    """Return the error of an answer that is no success."""
    status, code = _status(error), str(error.response.get("Error", {}).get("Code", ""))
    if code == "NoSuchBucket":
        return InputUnreadable(
            f"{address}: no such bucket", fix="correct data.path in the job file"
        )
    if status >= 500 or status == 429 or code in _AGAIN:
        return BucketUnreachable(
            f"{address}: S3 answers {status} {code}", fix="run the same command again later"
        )
    return BucketRefused(
        f"{address}: S3 answers {status} {code}",
        fix="let these credentials list the bucket (s3:ListBucket) and read its objects (s3:GetObject), or use others",
    )


def _status(error: exceptions.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
