from __future__ import annotations

from pathlib import Path

import pytest

from infra.channels.references import resolved
from pipelines.errors import SettingsInvalid


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pa55word\n")

    assert resolved(f"file:{tmp_path}/password", {}) == "pa55word"


def test_a_file_that_others_may_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("pa55word")
    path.chmod(0o666)

    with pytest.raises(SettingsInvalid, match="cannot be trusted"):
        resolved(f"file:{path}", {})


def test_a_secret_is_a_file_of_the_folder_of_credentials(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("pa55word")

    assert resolved("secret:smtp", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "pa55word"


@pytest.mark.parametrize("text", ["secret:../smtp", "secret:", "env:NOTHING", "file:/nowhere/x"])
def test_what_names_nothing_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(SettingsInvalid, match=text):
        resolved(text, {})


def test_any_other_text_stands_for_itself() -> None:
    assert resolved("smtp.example.com", {}) == "smtp.example.com"
