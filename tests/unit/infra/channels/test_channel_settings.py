from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra import settings
from infra.channels.channel_settings import EmailChannel, secrets_of
from pipelines.errors import SettingsInvalid

_FILE = """
[notify.team]
kind = "webhook"
url = "env:HOOK"
shape = "slack"

[notify.ops]
kind = "email"
host = "smtp.example.com"
user = "recheck"
password = "secret:smtp"
sender = "recheck@example.com"
to = ["ops@example.com"]
"""


def _loaded(tmp_path: Path, text: str) -> settings.Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    return settings.load({"RECHECK_SETTINGS": str(path)})


def test_channels_stand_in_the_settings_by_their_names(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _FILE).notify

    assert list(found) == ["team", "ops"]
    assert isinstance(found["ops"], EmailChannel)


def test_the_environment_holds_them_as_json() -> None:
    channels = {"pager": {"kind": "command", "command": ["page"]}}

    found = settings.load({"XDG_CONFIG_HOME": "/nowhere", "RECHECK_NOTIFY": json.dumps(channels)})

    assert list(found.notify) == ["pager"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('password = "secret:smtp"', 'password = "pa55word"', "notify.ops.email.password"),
        ('url = "env:HOOK"', 'url = "pa55word"', "notify.team.webhook.url"),
        ('user = "recheck"\n', "", "user and password go together"),
        ('user = "recheck"', 'user = "r"\nsecurity = "none"', "never sent unencrypted"),
        ('kind = "webhook"', 'kind = "pigeon"', "notify.team"),
        ('shape = "slack"', 'shape = "slack"\ncolour = "red"', "colour"),
    ],
)
def test_a_channel_that_cannot_be_used_is_refused_without_its_secret(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _loaded(tmp_path, _FILE.replace(old, new))

    assert place in str(caught.value)
    assert "pa55word" not in str(caught.value)


def test_secrets_are_known_by_name_where_they_are_there(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _FILE)

    secrets = secrets_of(found.notify, {"HOOK": "https://hooks.example.com/1"})

    assert secrets == {"the url of channel team": "https://hooks.example.com/1"}


def test_a_channel_does_not_show_its_address(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _FILE.replace("env:HOOK", "https://hooks.example.com/s3cr3t"))

    assert "s3cr3t" not in repr(found)
