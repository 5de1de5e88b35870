"""Sending a message to a channel of any kind, or saying why not, without a secret of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.channels import command_line, smtp, webhook
from infra.channels.channel_settings import Channel, CommandChannel, EmailChannel, WebhookChannel
from infra.channels.message import Message

_KINDS: dict[type[Any], Callable[[Any, Message, Mapping[str, str]], None]] = {
    CommandChannel: command_line.send,
    EmailChannel: smtp.send,
    WebhookChannel: webhook.send,
}


def send(channel: Channel, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message through a channel.

    Args:
        channel: of the settings.
        message: what people read, and its data.
        environment: where `env:` and `secret:` references look.

    Raises:
        ChannelFailed: it did not arrive, as far as is known.
        SettingsInvalid: a reference names nothing.
    """
    _KINDS[type(channel)](channel, message, environment)
