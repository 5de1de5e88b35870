"""Against a real mail server on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.channels.channel_settings import EmailChannel
from infra.channels.message import Message
from infra.channels.sending import send
from pipelines.errors import ChannelFailed, SettingsInvalid
from tests.fixtures.mail_server import Post, certificate, mail_server

_MESSAGE = Message("Recheck, loans: an alert", ["accuracy below 0.9", "…"])
_SECRET = {"SMTP_PASSWORD": "pa55word"}


def _channel(post: Post, **more: object) -> EmailChannel:
    known = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": post.port,
        "sender": "recheck@loopback.test",
        "to": ["ann@loopback.test", "env:TEAM"],
    }
    return EmailChannel.model_validate(known | more)


def test_a_letter_arrives_with_its_lines() -> None:
    with mail_server(Post()) as post:
        send(_channel(post, security="none"), _MESSAGE, {"TEAM": "team@loopback.test"})

    (letter,) = post.letters
    assert letter["Subject"] == "Recheck, loans: an alert"
    assert letter["To"] == "ann@loopback.test, team@loopback.test"
    assert letter["From"] == "recheck@loopback.test"
    assert letter.get_content().splitlines() == ["accuracy below 0.9", "…"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_over_an_encrypted_connection(tmp_path: Path, security: str) -> None:
    public, context = certificate(tmp_path)
    post = Post(tls=context, is_tls_at_once=security == "tls", user="ann", password="pa55word")
    with mail_server(post):
        channel = _channel(
            post, security=security, ca=str(public), user="ann", password="env:SMTP_PASSWORD"
        )
        send(channel, _MESSAGE, {**_SECRET, "TEAM": "t@loopback.test"})

    assert (len(post.letters), post.encrypted) == (1, [True])


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    with (
        mail_server(Post(tls=context)) as post,
        pytest.raises(ChannelFailed, match="CertVerification"),
    ):
        send(_channel(post), _MESSAGE, {"TEAM": "t@loopback.test"})

    assert post.letters == []


def test_a_server_without_encryption_gets_nothing() -> None:
    """Nobody falls back to a connection that others can read."""
    with mail_server(Post()) as post, pytest.raises(ChannelFailed):
        send(_channel(post), _MESSAGE, {"TEAM": "t@loopback.test"})

    assert post.letters == []


def test_a_wrong_password_is_a_failure_that_does_not_say_it(tmp_path: Path) -> None:
    public, context = certificate(tmp_path)
    post = Post(tls=context, user="ann", password="another")
    with mail_server(post):
        channel = _channel(post, ca=str(public), user="ann", password="env:SMTP_PASSWORD")
        with pytest.raises(ChannelFailed, match="code 535") as caught:
            send(channel, _MESSAGE, {**_SECRET, "TEAM": "t@loopback.test"})

    assert "pa55word" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_address_that_is_refused_is_a_failure() -> None:
    post = Post(refused=("team@",))
    with mail_server(post), pytest.raises(ChannelFailed, match="1 of 2 addresses"):
        send(_channel(post, security="none"), _MESSAGE, {"TEAM": "team@loopback.test"})


def test_a_server_that_is_away_is_a_failure() -> None:
    with pytest.raises(ChannelFailed, match="ConnectionRefused"):
        send(_channel(Post(port=9), security="none"), _MESSAGE, {"TEAM": "t@loopback.test"})


def test_a_sender_of_two_lines_is_refused() -> None:
    """No value adds a header."""
    channel = _channel(Post(port=9), security="none", sender="a@b.test\nBcc: c@d.test")

    with pytest.raises(SettingsInvalid, match="no address"):
        send(channel, _MESSAGE, {"TEAM": "t@loopback.test"})
