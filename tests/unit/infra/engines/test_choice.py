"""The registry of engines: the only list of their names."""

from __future__ import annotations

import pytest

from infra import settings
from infra.engines import choice
from infra.settings import Settings
from pipelines.errors import EngineUnavailable, SettingsInvalid

_MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("name", "size", "wanted"),
    [
        ("auto", 3 * _MEGABYTE, "inline"),
        ("auto", 3 * _MEGABYTE + 1, "fake"),
        ("inline", 99 * _MEGABYTE, "inline"),
        ("fake", 0, "fake"),
    ],
)
def test_auto_takes_this_process_up_to_a_size_and_then_the_engine_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, name: str, size: int, wanted: str
) -> None:
    monkeypatch.setitem(choice.ENGINES, "fake", choice.Entry("tests.fixtures.engines", "a test"))
    own = Settings(engine="fake", inline_limit=3)

    assert choice.engine_for(own, name, size).name == wanted


def test_one_more_entry_is_allowed_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"XDG_CONFIG_HOME": "/nowhere", "RECHECK_ENGINE": "fake"}
    with pytest.raises(EngineUnavailable):
        choice.check("fake")
    with pytest.raises(SettingsInvalid, match="'inline' or 'local'"):
        settings.load(environment)

    monkeypatch.setitem(choice.ENGINES, "fake", choice.Entry("tests.fixtures.engines", "a test"))

    choice.check("fake")
    assert settings.load(environment).engine == "fake"


def test_an_unknown_engine_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(EngineUnavailable, match="no engine 'abacus'") as told:
        choice.check("abacus")

    assert told.value.fix == "use auto, inline or local"
