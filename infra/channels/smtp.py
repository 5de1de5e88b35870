"""E-mail by SMTP as a channel."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import make_msgid

from infra.channels.channel_settings import EmailChannel
from infra.channels.message import Message
from infra.channels.references import resolved
from pipelines.errors import ChannelFailed, SettingsInvalid

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_FIX = "look at the channel in the settings: host, port, security, user, sender and to"


def send(channel: EmailChannel, message: Message, environment: Mapping[str, str]) -> None:
    """Hand an e-mail to the server.

    Args:
        channel: of the settings.
        message: what is sent, as plain text.
        environment: where references look.

    Raises:
        ChannelFailed: the server is not there, or refuses it; no secret is in the message.
        SettingsInvalid: a reference names nothing.
    """
    letter = _letter(channel, message, environment)
    secrets = (
        [
            resolved(channel.user or "", environment),
            resolved(channel.password.get_secret_value(), environment),
        ]
        if channel.password
        else []
    )
    try:
        with _connected(channel, resolved(channel.host, environment)) as server:
            if secrets:
                server.login(*secrets)
            refused = server.send_message(letter)
    except smtplib.SMTPResponseException as error:
        raise ChannelFailed(
            f"the server refused it with code {error.smtp_code} ({type(error).__name__})", fix=_FIX
        ) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise ChannelFailed(f"it could not be sent: {type(error).__name__}", fix=_FIX) from None
    if refused:
        raise ChannelFailed(f"{len(refused)} of {len(channel.to)} addresses were refused", fix=_FIX)


def _connected(channel: EmailChannel, host: str) -> smtplib.SMTP:
    port = channel.port or _PORTS[channel.security]
    if channel.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=channel.timeout, context=_trust(channel))
    server = smtplib.SMTP(host, port, timeout=channel.timeout)
    if channel.security == "starttls":
        try:
            server.starttls(context=_trust(channel))
        except BaseException:
            server.close()
            raise
    return server


def _trust(channel: EmailChannel) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=channel.ca)
    except OSError as error:
        raise SettingsInvalid(
            f"`ca` cannot be read: {type(error).__name__}", fix="name a file of certificates (PEM)"
        ) from error


def _letter(
    channel: EmailChannel, message: Message, environment: Mapping[str, str]
) -> EmailMessage:
    letter = EmailMessage()
    try:
        letter["Subject"] = message.title
        letter["From"] = resolved(channel.sender, environment)
        letter["To"] = ", ".join(resolved(one, environment) for one in channel.to)
        letter["Message-ID"] = make_msgid(domain="recheck.invalid")
        letter["Auto-Submitted"] = "auto-generated"  # so that no mail robot answers
        letter.set_content(message.text)
    except (ValueError, MessageError, IndexError) as error:
        raise SettingsInvalid("`sender` or `to` is no address", fix=_FIX) from error
    return letter
