"""What decides whom to trust belongs to the user, and nobody else can change it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra import signing
from infra.owned_files import require_own
from pipelines.errors import SettingsInvalid


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trusted key, in a folder of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    signing.own_key()
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o755)
    key = folder / "theirs.pub"
    key.write_bytes(signing.default_path().with_suffix(".pub").read_bytes())
    key.chmod(0o644)
    return key


def test_a_key_that_only_its_owner_may_write_is_trusted(trusted: Path) -> None:
    assert signing.trusted_keys(str(trusted)) == [signing.own_key().public]


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o622])
def test_a_key_that_others_may_write_is_refused_by_name(mode: int, trusted: Path) -> None:
    trusted.chmod(mode)

    with pytest.raises(SettingsInvalid, match=r"theirs\.pub cannot be trusted: others") as refused:
        signing.trusted_keys(str(trusted))

    assert f"chmod go-w {trusted}" in refused.value.fix


def test_a_key_in_a_folder_that_others_may_write_is_refused(trusted: Path) -> None:
    """They could put another in its place."""
    trusted.parent.chmod(0o777)

    with pytest.raises(SettingsInvalid, match=r"others than you may write .*/keys"):
        signing.trusted_keys(str(trusted))


def test_a_folder_where_nobody_can_move_the_files_of_others_is_safe(trusted: Path) -> None:
    """As /tmp is."""
    trusted.parent.chmod(0o1777)

    assert signing.trusted_keys(str(trusted))


def test_a_link_is_as_safe_as_what_it_leads_to_and_where_it_lies(
    trusted: Path, tmp_path: Path
) -> None:
    link = tmp_path / "open" / "link.pub"
    link.parent.mkdir()
    link.symlink_to(trusted)
    assert signing.trusted_keys(str(link))
    link.parent.chmod(0o777)

    with pytest.raises(SettingsInvalid, match="cannot be trusted"):
        signing.trusted_keys(str(link))


def test_a_file_of_another_user_is_refused(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the administrator's."""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    if not trusted.stat().st_uid:
        require_own(trusted, "the trusted key")
        os.chown(trusted, 4712, -1)

    with pytest.raises(SettingsInvalid, match="belongs to another user"):
        require_own(trusted, "the trusted key")


def test_a_private_key_in_a_folder_that_others_may_write_signs_nothing(trusted: Path) -> None:
    del trusted
    signing.default_path().parent.chmod(0o777)

    with pytest.raises(SettingsInvalid, match=r"the private key .* cannot be trusted"):
        signing.own_key()
