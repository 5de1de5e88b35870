"""Keys and signatures: what is made, what is refused, and what others can check."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from infra import signing
from pipelines.errors import PackageRefused, SettingsInvalid
from pipelines.models.signature_format import Signature


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any key."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def saved(path: Path, private: Ed25519PrivateKey) -> Path:
    path.touch(0o600)
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def another_key(path: Path) -> signing.SigningKey:
    return signing.load_key(saved(path, Ed25519PrivateKey.generate()))


def test_the_first_call_makes_a_key_that_only_its_owner_reads(home: Path) -> None:
    key = signing.own_key()

    path = home / "config" / "recheck" / "signing.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert signing.own_key().key_id == key.key_id
    assert sorted(file.name for file in path.parent.iterdir()) == ["signing.pem", "signing.pub"]


def test_the_own_key_is_trusted() -> None:
    signature = signing.own_key().sign(b"manifest")

    signing.verifier(signing.trusted_keys())(b"manifest", signature)


def test_the_public_half_is_enough_to_verify() -> None:
    """A machine that scores needs no private key."""
    signature = signing.own_key().sign(b"manifest")
    signing.default_path().unlink()

    signing.verifier(signing.trusted_keys())(b"manifest", signature)


def test_only_listed_keys_are_trusted(home: Path) -> None:
    """A list replaces the own key, so a key can be taken out of use."""
    signature = signing.own_key().sign(b"manifest")
    other = another_key(home / "other.pem")
    (home / "other.pub").write_bytes(signing.default_path().with_suffix(".pub").read_bytes())

    assert signing.trusted_keys(str(home / "other.pub")) == [signing.own_key().public]
    with pytest.raises(PackageRefused, match=f"trusted here: {other.key_id}"):
        signing.verifier([other.public])(b"manifest", signature)


def test_two_keys_can_be_trusted_while_one_replaces_the_other(home: Path) -> None:
    old, new = another_key(home / "old.pem"), another_key(home / "new.pem")
    verify = signing.verifier([old.public, new.public])

    for key in (old, new):
        verify(b"manifest", key.sign(b"manifest"))


def test_without_a_trusted_key_nothing_is_accepted() -> None:
    with pytest.raises(PackageRefused, match="trusted here: none"):
        signing.verifier(signing.trusted_keys())(b"m", Signature("ab", bytes(64)))


def test_checking_makes_no_key() -> None:
    signing.trusted_keys()

    assert not signing.default_path().exists()


@given(st.binary(max_size=200), st.integers(0, 511))
def test_one_flipped_bit_of_the_signature_is_refused(message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw()
    value = bytearray(private.sign(message))
    value[bit // 8] ^= 1 << bit % 8

    with pytest.raises(PackageRefused, match="changed"):
        signing.verifier([public])(message, Signature(signing.key_id(public), bytes(value)))


def test_another_message_is_refused() -> None:
    signature = signing.own_key().sign(b"manifest")

    with pytest.raises(PackageRefused, match="changed"):
        signing.verifier(signing.trusted_keys())(b"Manifest", signature)


def test_a_key_id_does_not_lend_trust(home: Path) -> None:
    """A signature that claims a trusted key's id, made by another key."""
    trusted, other = another_key(home / "trusted.pem"), another_key(home / "other.pem")
    forged = Signature(trusted.key_id, other.sign(b"m").value)

    with pytest.raises(PackageRefused, match="changed"):
        signing.verifier([trusted.public])(b"m", forged)


def test_a_named_key_that_is_not_there_is_not_made(home: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read") as refused:
        signing.own_key(home / "named.pem")

    assert "RECHECK_SIGNING_KEY" in refused.value.fix
    assert not (home / "named.pem").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_private_key_that_others_may_use_is_refused(mode: int) -> None:
    signing.own_key()
    signing.default_path().chmod(mode)

    with pytest.raises(SettingsInvalid, match="others than its owner"):
        signing.own_key()


@pytest.mark.parametrize("kind", ["text", "empty", "passphrase", "another algorithm", "public"])
def test_what_is_no_private_key_is_refused(home: Path, kind: str) -> None:
    pkcs8, pem = PrivateFormat.PKCS8, Encoding.PEM
    signing.own_key()
    content = {
        "text": b"secret",
        "empty": b"",
        "passphrase": Ed25519PrivateKey.generate().private_bytes(
            pem, pkcs8, BestAvailableEncryption(b"x")
        ),
        "another algorithm": generate_private_key(SECP256R1()).private_bytes(
            pem, pkcs8, NoEncryption()
        ),
        "public": signing.default_path().with_suffix(".pub").read_bytes(),
    }[kind]
    path = home / "named.pem"
    path.touch(0o600)
    path.write_bytes(content)

    with pytest.raises(SettingsInvalid, match="no private Ed25519 key"):
        signing.load_key(path)


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    signing.own_key()

    with pytest.raises(SettingsInvalid, match="no public Ed25519 key"):
        signing.trusted_keys(str(signing.default_path()))


def test_a_place_that_cannot_be_written_says_what_to_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "file"))

    with pytest.raises(SettingsInvalid, match="no signing key could be made"):
        signing.own_key()


def test_the_key_is_not_shown() -> None:
    """Neither in a log nor in a traceback with local variables."""
    key = signing.own_key()
    secret = signing.default_path().read_text().splitlines()[1]

    assert secret not in repr(key)
    assert "private" not in repr(key).lower()


def test_a_key_that_is_there_is_never_overwritten() -> None:
    """The slower of two first callers finds the other's key at its last step."""
    first = signing.own_key()

    signing._create(signing.default_path())

    assert signing.own_key().key_id == first.key_id
    assert signing.load_public_key(signing.default_path().with_suffix(".pub")) == first.public


def test_many_first_callers_end_with_one_key() -> None:
    """Two first fits at once must not sign with a key that nobody trusts."""
    program = "from infra import signing; print(signing.own_key().key_id)"

    def call(_: int) -> str:
        command = [sys.executable, "-c", program]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with ThreadPoolExecutor(4) as callers:
        ids = set(callers.map(call, range(4)))

    assert ids == {signing.own_key().key_id}
    beside = signing.default_path().with_suffix(".pub")
    assert signing.load_public_key(beside) == signing.own_key().public


def test_a_signature_is_the_one_of_the_standard(home: Path) -> None:
    """RFC 8032, section 7.1, test 2: nobody has to trust our own check."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    expected = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    path = saved(home / "rfc.pem", Ed25519PrivateKey.from_private_bytes(seed))

    signature = signing.load_key(path).sign(b"\x72")

    assert signature.value.hex() == expected
    signing.verifier([signing.load_key(path).public])(b"\x72", signature)


@given(st.text("0123456789abcdef", min_size=1, max_size=16), st.binary(max_size=80))
def test_a_signature_survives_its_file(name: str, value: bytes) -> None:
    assert Signature.from_json(Signature(name, value).to_json()) == Signature(name, value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'{"key_id": 1, "signature": ""}',
        b'{"key_id": "a", "signature": "*"}',
        Signature("a", b"x").to_json().replace(b"ed25519", b"none"),
        Signature("a", b"x").to_json() + b" ",
        b"\xff" * 100,
        b"[" * 5000,
    ],
)
def test_another_form_of_signature_is_refused(data: bytes) -> None:
    """One form only: no second spelling, no second algorithm, no garbage around it."""
    with pytest.raises(PackageRefused, match=r"signature\.json"):
        Signature.from_json(data)
