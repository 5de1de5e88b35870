"""Against a real server on loopback."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from infra.channels.channel_settings import WebhookChannel
from infra.channels.message import Message
from infra.channels.sending import send
from infra.channels.webhook import slack, teams
from pipelines.errors import ChannelFailed, SettingsInvalid
from tests.fixtures.hook_server import Hook, hook_server

_LONG = 10  # seconds
_MESSAGE = Message(
    "Recheck, loans: an alert",
    ["accuracy of <a & b> below 0.9"],
    {"job": "loans", "at": datetime(2026, 11, 20, tzinfo=UTC)},
)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as running:
        yield running


def _channel(**more: object) -> WebhookChannel:
    return WebhookChannel.model_validate({"kind": "webhook", "url": "env:HOOK", **more})


def test_plain_json_has_text_and_data(hook: Hook) -> None:
    send(_channel(), _MESSAGE, {"HOOK": f"{hook.url}\n"})

    assert hook.bodies == [
        {
            "title": "Recheck, loans: an alert",
            "text": "accuracy of <a & b> below 0.9",
            "job": "loans",
            "at": "2026-11-20T00:00:00+00:00",
        }
    ]
    assert "authorization" not in hook.headers[0]


def test_a_token_is_sent_as_bearer(hook: Hook) -> None:
    send(_channel(token="env:TOKEN"), _MESSAGE, {"HOOK": hook.url, "TOKEN": "t0k3n"})

    assert hook.headers[0]["authorization"] == "Bearer t0k3n"


def test_slack_gets_a_text_that_holds_no_link_and_no_mention(hook: Hook) -> None:
    send(_channel(shape="slack"), _MESSAGE, {"HOOK": hook.url})

    (body,) = hook.bodies
    assert body == json.loads(slack(_MESSAGE))
    assert body == {"text": "*Recheck, loans: an alert*\naccuracy of &lt;a &amp; b&gt; below 0.9"}


def test_teams_gets_an_adaptive_card(hook: Hook) -> None:
    send(_channel(shape="teams"), Message("a title", ["see [here](http://x)"]), {"HOOK": hook.url})

    (body,) = hook.bodies
    (attachment,) = body["attachments"]
    card = attachment["content"]
    assert body == json.loads(teams(Message("a title", ["see [here](http://x)"])))
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], [one["text"] for one in card["body"]]) == (
        "AdaptiveCard",
        ["a title", "see \\[here\\](http://x)"],
    )


@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_answer_than_2xx_is_a_failure_and_nothing_is_followed(
    hook: Hook, status: int
) -> None:
    hook.statuses = [status]

    with pytest.raises(ChannelFailed, match=f"status {status}"):
        send(_channel(), _MESSAGE, {"HOOK": hook.url})

    assert len(hook.bodies) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/s3cr3t", "http://[s3cr3t"])
def test_no_answer_is_a_failure_that_keeps_the_address_to_itself(url: str) -> None:
    with pytest.raises(ChannelFailed) as caught:
        send(_channel(), _MESSAGE, {"HOOK": url})

    assert "s3cr3t" not in str(caught.value)


def test_a_reference_to_nothing_is_a_setting_that_cannot_be_used() -> None:
    with pytest.raises(SettingsInvalid, match="env:HOOK names nothing"):
        send(_channel(), _MESSAGE, {})


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="no address"):
        send(_channel(), _MESSAGE, {"HOOK": "ftp://x"})


def test_a_token_is_sent_unencrypted_to_no_other_machine() -> None:
    with pytest.raises(SettingsInvalid, match="never sent unencrypted"):
        send(
            _channel(token="env:TOKEN"), _MESSAGE, {"HOOK": "http://hooks.test/", "TOKEN": "t0k3n"}
        )


def test_an_answer_without_an_end_is_not_read() -> None:
    """Neither its length nor its time is bounded by the limit for the answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread = threading.Thread(target=_answer_for_long, args=(server,), daemon=True)
        thread.start()
        began = time.monotonic()

        send(_channel(timeout=2), _MESSAGE, {"HOOK": url})

        assert time.monotonic() - began < _LONG / 2
        thread.join()


def _answer_for_long(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(_LONG * 10):
            connection.sendall(b"x")
            time.sleep(0.1)
