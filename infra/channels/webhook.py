"""An address that takes JSON as a channel: as it is, or in the shapes of Slack and Teams.

Sources: "Sending messages using incoming webhooks", Slack; "Create incoming webhooks with
Workflows for Microsoft Teams", Microsoft: an adaptive card as the attachment of a message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from infra.channels.channel_settings import LOOPBACK, WebhookChannel
from infra.channels.message import Message
from infra.channels.references import resolved
from pipelines.errors import ChannelFailed, SettingsInvalid

_FIX = "look at `url` of the channel in the settings, and at the server that it names"


def send(channel: WebhookChannel, message: Message, environment: Mapping[str, str]) -> None:
    """Post the message; it arrived where the server answers with 2xx.

    Redirects are not followed: the address is a secret of the server that is named.

    Args:
        channel: of the settings.
        message: what is sent.
        environment: where references look.

    Raises:
        ChannelFailed: no answer, or another one; the address is not in the message.
        SettingsInvalid: a reference names nothing.
    """
    import httpx

    url = resolved(channel.url.get_secret_value(), environment)
    if not url.startswith(("http://", "https://")):
        raise SettingsInvalid("`url` names no address with http(s)://", fix=_FIX)
    if channel.token and url.startswith("http://") and urlsplit(url).hostname not in LOOPBACK:
        raise SettingsInvalid("a token is never sent unencrypted", fix="write an https:// address")
    headers = {"Content-Type": "application/json", "User-Agent": "recheck"}
    if channel.token:
        token = resolved(channel.token.get_secret_value(), environment)
        headers["Authorization"] = f"Bearer {token}"
    try:
        body = SHAPES[channel.shape](message).encode()
        with httpx.stream(
            "POST", url, content=body, headers=headers, timeout=channel.timeout
        ) as reply:
            pass  # the answer's text is not read: it may have no end
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ChannelFailed(f"no answer: {type(error).__name__}", fix=_FIX) from None
    if not reply.is_success:
        raise ChannelFailed(f"the server answered with status {reply.status_code}", fix=_FIX)


def slack(message: Message) -> str:
    """Return the message as Slack takes it; what it quotes can be no link and no mention."""
    text = f"*{_escaped(message.title)}*\n{_escaped(message.text)}"
    return json.dumps({"text": text})


def teams(message: Message) -> str:
    """Return the message as a workflow of Teams takes it: an adaptive card."""
    title = {"type": "TextBlock", "text": _plain(message.title), "weight": "Bolder", "wrap": True}
    lines = [{"type": "TextBlock", "text": _plain(line), "wrap": True} for line in message.lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *lines],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachments = [{"contentType": kind, "contentUrl": None, "content": card}]
    return json.dumps({"type": "message", "attachments": attachments})


SHAPES: dict[str, Callable[[Message], str]] = {
    "json": Message.json,
    "slack": slack,
    "teams": teams,
}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    r"""Take the meaning of Markdown from a text: links above all.

    >>> _plain("see [here](http://x)")
    'see \\[here\\](http://x)'
    """
    return "".join(f"\\{letter}" if letter in "\\[]*_" else letter for letter in text)
