"""What answers in JSON is not yet Label Studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from labeling.labelstudio.client import SdkClient
from pipelines.errors import LabelStudioRefused, SettingsInvalid


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[SdkClient]:
    """A client of a server that answers the same to everything."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Location", "http://192.0.2.1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Always)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with SdkClient(f"http://127.0.0.1:{server.server_port}", "0" * 40) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"3", b"{}", b"<html>", b"[" * 100_000, b"9" * 9_999]
)
@pytest.mark.parametrize(
    "ask",
    [SdkClient.projects, lambda client: client.tasks(1, {}, ("id",))],
    ids=["projects", "tasks"],
)
def test_another_server_is_refused_whatever_it_answers(
    ask: Callable[[SdkClient], object], body: bytes
) -> None:
    with answering(body) as client, pytest.raises(LabelStudioRefused, match="is not Label Studio"):
        ask(client)


def test_a_server_without_projects_has_an_empty_list() -> None:
    with answering(b'{"count": 0, "results": []}') as client:
        assert client.projects() == []


@pytest.mark.parametrize(
    "url",
    ["me:s3cret@host", "ftp://me:s3cret@host", "https://me:s3cret@", "https://me:s3cret@[::1"],
)
def test_a_password_in_a_wrong_address_is_not_told(url: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        SdkClient(url, "0" * 40)

    assert "s3cret" not in str(refused.value)


def test_a_server_that_redirects_is_refused() -> None:
    """It would get to see the token."""
    with answering(b"", status=302) as client, pytest.raises(LabelStudioRefused):
        client.projects()


def test_a_password_in_an_address_goes_nowhere() -> None:
    with SdkClient("https://me:s3cret@labels.example.com/x/", "0" * 40) as client:
        assert client.url == "https://labels.example.com/x"
