"""Settings: store, engine, Label Studio, keys. Defaults < file < environment.

Settings say where to run, the job file says what to run; the two never mix.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from infra.channels.channel_settings import Channel
from infra.engines.choice import ENGINES
from infra.owned_files import require_own
from pipelines.errors import SettingsInvalid

ALSO = {"label_studio_url": "LABEL_STUDIO_URL", "label_studio_api_key": "LABEL_STUDIO_API_KEY"}


def _registered(engine: str) -> str:
    if engine not in ENGINES:
        *others, last = map(repr, ENGINES)
        allowed = f"{', '.join(others)} or {last}"
        raise PydanticCustomError("engine", "Input should be {allowed}", {"allowed": allowed})
    return engine


EngineName = Annotated[
    str, AfterValidator(_registered), Field(json_schema_extra={"enum": [*ENGINES]})
]


def _without_user(url: str) -> str:
    """Return an address without user and password: the access token opens Label Studio, and nothing else.

    >>> _without_user("https://me:secret@labels.example.com/x")
    'https://labels.example.com/x'
    """
    scheme, mark, rest = url.partition("://")
    server, slash, path = rest.partition("/")
    return scheme + mark + server.rpartition("@")[2] + slash + path


ChannelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Address = Annotated[str, AfterValidator(_without_user)]


def _user() -> str:
    """Return the name of the user; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # which of them depends on Python's version
        return f"user {os.getuid()}"


@dataclass(frozen=True, slots=True)
class Access:
    """The address of a Label Studio, and the token that opens it."""

    url: str
    key: SecretStr


class Settings(BaseModel):
    """Every setting; each is also an environment variable, `RECHECK_` and its name in capitals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str | None = Field(
        default=None,
        description="Folder of all tables and models. Without it, `store/` beside the job file.",
    )
    engine: EngineName = Field(
        default="local",
        description="The engine that `--engine auto`, the default of `fit` and `score`, takes for large inputs.",
    )
    inline_limit: int = Field(
        default=2_000,
        ge=0,
        strict=True,
        description="Up to this many megabytes of input, `auto` works in this process.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=256,
        strict=True,
        description="Processes that the inline engine works with.",
    )
    label_studio_url: Address | None = Field(
        default=None,
        description="Address of Label Studio; also `LABEL_STUDIO_URL`. A user and password in it are dropped. "
        "Without it, the one that `recheck labelstudio up` runs on this machine.",
    )
    label_studio_api_key: SecretStr | None = Field(
        default=None,
        description="Its access token; also `LABEL_STUDIO_API_KEY`. Alone, it goes with the one on this machine. Never logged.",
    )
    signing_key: Path | None = Field(
        default=None,
        description="Private Ed25519 key that `fit` signs with. Without it, one of your own is made.",
    )
    trusted_keys: str | None = Field(
        default=None,
        description="Public keys whose packages `score` runs: paths, separated as in PATH. Without it, your own.",
    )
    notify: dict[ChannelName, Channel] = Field(
        default_factory=dict,
        description="Channels that alerts are sent through, `[notify.NAME]`; the variable holds them as one JSON object.",
    )
    databases: dict[ChannelName, SecretStr] = Field(
        default_factory=dict,
        description='Addresses of databases that `data.path = "sql:NAME"` reads, `[databases]`: `sqlite:/path`, `duckdb:/path` or `postgresql://…`; or `env:`, `file:` or `secret:` and where it is. The variable holds them as one JSON object. Never logged.',
    )
    actor: str = Field(default_factory=_user, description="Who is named in runs and designs.")


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    The file is the one that `RECHECK_SETTINGS` names, else `recheck/settings.toml`
    in `XDG_CONFIG_HOME` (`~/.config`), where it exists.

    Raises:
        SettingsInvalid: a key is unknown or a value is not allowed; the message
            says where it came from.
    """
    values = {**_from_file(environment), **_from_environment(environment)}
    try:
        return Settings.model_validate({name: value for name, (value, _) in values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        origin = values[name][1] if name in values else "defaults"
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsInvalid(
            f"setting {place} (from {origin}): {first['msg']}",
            fix="docs/reference/settings.md lists every setting",
        ) from error


def _from_file(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    named = environment.get("RECHECK_SETTINGS")
    config = environment.get("XDG_CONFIG_HOME") or "~/.config"
    path = Path(named or f"{config}/recheck/settings.toml")
    try:
        path = _in_home(path, is_named=bool(named))
        if not named and not path.is_file():
            return {}
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:  # too deep, or in nobody's home
        way_out = "unset RECHECK_SETTINGS" if named else "let RECHECK_SETTINGS name another file"
        raise SettingsInvalid(
            f"{path}: cannot be read: {error}", fix=f"correct it, or {way_out}"
        ) from error
    require_own(path, "the settings file")
    return {name: (value, str(path)) for name, value in content.items()}


def _in_home(path: Path, *, is_named: bool) -> Path:
    """Return a path whose `~` is the user's home folder; a user without one has no file there."""
    try:
        return path.expanduser()
    except RuntimeError:
        if is_named:
            raise
        return path


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    values: dict[str, tuple[object, str]] = {}
    for name in Settings.model_fields:
        for variable in (ALSO.get(name), f"RECHECK_{name.upper()}"):
            if variable and environment.get(variable):
                values[name] = (_parsed(name, environment[variable]), variable)
    return values


def _parsed(name: str, text: str) -> object:
    """Return a whole number or an object where the setting is one; else, and where it is none, the text."""
    if name in ("notify", "databases"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    is_number = Settings.model_fields[name].annotation is int
    return int(text) if is_number and re.fullmatch(r"[0-9]{1,9}", text) else text
