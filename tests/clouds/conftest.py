"""Buckets that tests may fill, and no credentials, address or settings of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.fixtures.buckets import GooglePlace, S3Place, emulator, moto
from tests.fixtures.faulty_proxy import faulty_proxy


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(scope="session")
def google_server() -> Iterator[str]:
    with emulator() as url:
        yield url


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine counts, and nobody asks its network who it is."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "RECHECK_STORE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        "CLOUDSDK_CONFIG": str(tmp_path / "none"),
        "RECHECK_SETTINGS": str(tmp_path / "settings.toml"),
        "XDG_CONFIG_HOME": str(tmp_path),
        "RECHECK_LABELSTUDIO_DIR": str(tmp_path / "labelstudio"),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "settings.toml").touch()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Place]:
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    name = f"loans-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    with faulty_proxy(s3_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield S3Place(client, name, proxy)
    client.close()


@pytest.fixture
def google(google_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GooglePlace]:
    """Behind a proxy that adds the one thing that the emulator leaves out: conditions."""
    client = storage.Client(
        "tests", AnonymousCredentials(), client_options={"api_endpoint": google_server}
    )
    name = f"loans-{uuid4().hex}"
    client.create_bucket(name)
    with faulty_proxy(google_server) as proxy:
        place = GooglePlace(client, name, proxy)
        proxy.gate = place.gate
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        yield place
    client.close()
