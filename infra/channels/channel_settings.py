"""The channels of `[notify.NAME]` in the settings, one class a kind.

Every text may be a reference (`infra.channels.references`), and a password must be one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from infra.channels.references import FORMS, is_reference, resolved
from pipelines.errors import SettingsInvalid

LOOPBACK = ("localhost", "127.0.0.1", "::1")
Seconds = Annotated[float, Field(gt=0, le=300)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CommandChannel(_Closed):
    """A program of this machine, which gets the message as JSON on its stdin."""

    kind: Literal["command"] = Field(description="A program is run.")
    command: tuple[str, ...] = Field(
        min_length=1, description="The program and its arguments; no shell reads them."
    )
    timeout: Seconds = Field(default=30.0, description="Seconds until it is stopped.")


class WebhookChannel(_Closed):
    """An address that takes JSON by POST."""

    kind: Literal["webhook"] = Field(description="JSON is posted.")
    url: SecretStr = Field(
        description="The address, `http(s)://…`, or where it is: `file:PATH`, `env:NAME` or `secret:NAME`. Never logged."
    )
    shape: Literal["json", "slack", "teams"] = Field(
        default="json", description="The shape of the JSON."
    )
    token: SecretStr | None = Field(
        default=None,
        description="Where the token is that is sent as `Authorization: Bearer`: `file:`, `env:` or `secret:`.",
    )
    timeout: Seconds = Field(default=10.0, description="Seconds for the answer.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not is_reference(text) and not text.startswith(("http://", "https://")):
            raise ValueError(f"must be http(s)://…, or {FORMS}")
        return value

    @field_validator("token")
    @classmethod
    def _by_reference(cls, value: SecretStr | None) -> SecretStr | None:
        return _referred(value)


class EmailChannel(_Closed):
    """E-mail by an SMTP server."""

    kind: Literal["email"] = Field(description="An e-mail is sent.")
    host: str = Field(min_length=1, description="The SMTP server.")
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="587; with `tls` 465, with `none` 25."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted; its certificate is checked.",
    )
    ca: str | None = Field(
        default=None, description="A file of certificates to trust instead of the system's."
    )
    user: str | None = Field(default=None, description="The user; with a password.")
    password: SecretStr | None = Field(
        default=None, description="Where the password is: `file:`, `env:` or `secret:`."
    )
    sender: str = Field(min_length=1, description="Who it is from.")
    to: tuple[str, ...] = Field(min_length=1, description="Whom it is for.")
    timeout: Seconds = Field(default=20.0, description="Seconds for each answer of the server.")

    @field_validator("password")
    @classmethod
    def _by_reference(cls, value: SecretStr | None) -> SecretStr | None:
        return _referred(value)

    @model_validator(mode="after")
    def _password_is_encrypted(self) -> EmailChannel:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.password and self.security == "none" and self.host not in LOOPBACK:
            raise ValueError('a password is never sent unencrypted: security = "starttls" or "tls"')
        return self


Channel = Annotated[CommandChannel | WebhookChannel | EmailChannel, Field(discriminator="kind")]


def secrets_of(channels: Mapping[str, Channel], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of channels, by their names in words; a reference to nothing has none."""
    found = {}
    for name, channel in channels.items():
        for key, value in channel:
            if isinstance(value, SecretStr):
                with suppress(SettingsInvalid):
                    found[f"the {key} of channel {name}"] = resolved(
                        value.get_secret_value(), environment
                    )
    return found


def _referred(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not is_reference(value.get_secret_value()):
        raise ValueError(f"say where it is, not what it is: {FORMS}")
    return value
