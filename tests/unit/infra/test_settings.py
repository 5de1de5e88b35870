"""Settings: defaults, then the file, then the environment; and what is told of a wrong one."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from infra import settings
from pipelines.errors import SettingsInvalid

FILE = 'store = "/from/file"\nworkers = 3\nengine = "inline"\n'


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user with a settings file."""
    path = tmp_path / "recheck" / "settings.toml"
    path.parent.mkdir()
    path.write_text(FILE, "utf-8")
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    found = settings.load({"XDG_CONFIG_HOME": str(tmp_path)})

    assert (found.store, found.engine, found.workers) == (None, "local", 1)


def test_the_file_comes_before_defaults_and_the_environment_before_the_file(
    home: dict[str, str],
) -> None:
    found = settings.load({**home, "RECHECK_WORKERS": "5"})

    assert (found.store, found.workers, found.inline_limit) == ("/from/file", 5, 2_000)


def test_another_file_can_be_named(home: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("workers = 7\n", "utf-8")

    found = settings.load({**home, "RECHECK_SETTINGS": str(path)})

    assert (found.store, found.workers) == (None, 7)


def test_label_studio_is_found_by_its_own_names_and_by_ours_first() -> None:
    theirs = {"LABEL_STUDIO_URL": "http://theirs", "LABEL_STUDIO_API_KEY": "secret"}
    empty = {"XDG_CONFIG_HOME": "/nowhere"}

    assert settings.load({**empty, **theirs}).label_studio_url == "http://theirs"
    ours = {**empty, **theirs, "RECHECK_LABEL_STUDIO_URL": "http://ours"}
    assert settings.load(ours).label_studio_url == "http://ours"


def test_an_empty_variable_says_nothing(home: dict[str, str]) -> None:
    assert settings.load({**home, "RECHECK_STORE": ""}).store == "/from/file"


def test_a_secret_is_not_shown() -> None:
    found = settings.load({"XDG_CONFIG_HOME": "/nowhere", "LABEL_STUDIO_API_KEY": "hush"})

    assert "hush" not in repr(found)
    assert "hush" not in found.model_dump_json()


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("RECHECK_ENGINE", "abacus", "'inline' or 'local'"),
        ("RECHECK_ENGINE", "auto", "'inline' or 'local'"),
        ("RECHECK_WORKERS", "0", "greater than or equal to 1"),
        ("RECHECK_WORKERS", "many", "valid integer"),
    ],
)
def test_a_wrong_setting_says_where_it_came_from(variable: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingsInvalid, match=rf"from {variable}\).*{allowed}") as told:
        settings.load({"XDG_CONFIG_HOME": "/nowhere", variable: value})

    assert "settings.md" in told.value.fix


def test_an_unknown_setting_says_which_file_has_it(home: dict[str, str]) -> None:
    path = Path(home["XDG_CONFIG_HOME"]) / "recheck" / "settings.toml"
    path.write_text('stroe = "x"\n', "utf-8")

    with pytest.raises(SettingsInvalid, match=rf"setting stroe \(from {path}\)"):
        settings.load(home)


@pytest.mark.parametrize("content", [b"store = ", b"\xff"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)

    with pytest.raises(SettingsInvalid, match=r"settings\.toml: cannot be read"):
        settings.load({"RECHECK_SETTINGS": str(path)})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"gone\.toml: cannot be read"):
        settings.load({"RECHECK_SETTINGS": str(tmp_path / "gone.toml")})


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no user")])
def test_a_user_without_a_name_is_a_number(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Containers often run as one."""

    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)

    assert settings.load({"XDG_CONFIG_HOME": "/nowhere"}).actor.startswith("user ")


def test_a_password_in_the_address_of_label_studio_is_dropped() -> None:
    address = "https://me:s3@cret@labels.example.com/@team"

    found = settings.load({"RECHECK_SETTINGS": "", "LABEL_STUDIO_URL": address})

    assert found.label_studio_url == "https://labels.example.com/@team"


def test_a_settings_file_that_others_may_write_is_refused(home: dict[str, str]) -> None:
    """It names the keys that are trusted."""
    (Path(home["XDG_CONFIG_HOME"]) / "recheck" / "settings.toml").chmod(0o666)

    with pytest.raises(SettingsInvalid, match=r"settings file .* cannot be trusted: others"):
        settings.load(home)


def test_settings_that_are_nothing_but_brackets_are_refused(home: dict[str, str]) -> None:
    path = Path(home["XDG_CONFIG_HOME"]) / "recheck" / "settings.toml"
    path.write_text(f"store = {'[' * 100_000}", "utf-8")

    with pytest.raises(SettingsInvalid, match="cannot be read"):
        settings.load(home)
