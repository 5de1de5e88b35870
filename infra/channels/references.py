"""References of settings: where an address or a password is, instead of what it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.owned_files import require_own
from pipelines.errors import SettingsInvalid

FORMS = "file:PATH, env:NAME or secret:NAME"
_SECRETS = "/run/secrets"  # where containers get theirs


def is_reference(text: str) -> bool:
    """Tell whether a text says where a value is.

    >>> is_reference("env:TEAM_WEBHOOK"), is_reference("https://hooks.example.com/1")
    (True, False)
    """
    return text.startswith(("file:", "env:", "secret:"))


def resolved(text: str, environment: Mapping[str, str]) -> str:
    """Return what a reference names; any other text as it is.

    `file:` reads a file of yours, `env:` a variable of the environment, and `secret:` a
    file of `$CREDENTIALS_DIRECTORY`, where systemd puts credentials, or of `/run/secrets`.
    White space around the value is dropped.

    Raises:
        SettingsInvalid: there is nothing; the message names the reference, and no value.
    """
    kind, _, name = text.partition(":")
    match kind:
        case "env":
            value = environment.get(name, "")
        case "file":
            value = _read(Path(name).expanduser(), text, is_own=True)
        case "secret":
            folder = environment.get("CREDENTIALS_DIRECTORY") or _SECRETS
            if "/" in name or name in ("", ".", ".."):
                raise SettingsInvalid(f"{text} is no name of a secret", fix="write secret:NAME")
            value = _read(Path(folder) / name, text, is_own=False)
        case _:
            return text
    if not value.strip():
        raise SettingsInvalid(
            f"{text} names nothing", fix=f"write {FORMS}, and put the value there"
        )
    return value.strip()


def _read(path: Path, text: str, *, is_own: bool) -> str:
    try:
        if is_own:
            require_own(path, "the file of a secret")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        raise SettingsInvalid(
            f"{text} cannot be read: {type(error).__name__}", fix="look at the file and its rights"
        ) from error
