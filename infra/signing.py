"""The keys that model packages are signed with, and the check of a signature.

A private key is a PKCS #8 PEM file that only its owner may read, outside every
store; its public half lies beside it as `.pub`, to be copied to whoever scores.
Both are standard files, so that a signature can also be checked without us::

    base64 -d <<< "$SIGNATURE" > signature.bin
    openssl pkeyutl -verify -rawin -pubin -inkey signing.pub \
        -in manifest.json -sigfile signature.bin

Source: Ed25519 of RFC 8032, section 5.1, as implemented by `cryptography`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shlex
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from infra.owned_files import require_own
from pipelines.errors import PackageRefused, SettingsInvalid
from pipelines.models.signature_format import Signature, Verify

_OWNER_ONLY: Final = 0o600
_PEM_LIMIT: Final = 16_384  # bytes; a key has about 120


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory; its text form shows the public half alone."""

    key_id: str
    public: bytes  # 32 bytes
    _private: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> Signature:
        """Sign exactly these bytes."""
        return Signature(self.key_id, self._private.sign(message))


def key_id(public: bytes) -> str:
    """Return the name of a public key: 16 hex digits of its SHA-256.

    >>> key_id(bytes(32))
    '66687aadf862bd77'
    """
    return hashlib.sha256(public).hexdigest()[:16]


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the user's own private key, for when no setting names one.

    >>> str(default_path({"XDG_CONFIG_HOME": "/etc/xdg"}))
    '/etc/xdg/recheck/signing.pem'
    """
    config = environment.get("XDG_CONFIG_HOME")
    try:
        return (Path(config) if config else Path.home() / ".config") / "recheck" / "signing.pem"
    except RuntimeError as error:
        raise SettingsInvalid(
            "no signing key can be kept: this user has no home folder",
            fix="let XDG_CONFIG_HOME name a folder, or RECHECK_SIGNING_KEY and RECHECK_TRUSTED_KEYS keys",
        ) from error


def own_key(named: Path | None = None) -> SigningKey:
    """Return the key to sign with: the named one, else the user's own, made at the first call.

    Raises:
        SettingsInvalid: the named file is not there, cannot be read, is no
            private Ed25519 key, or may be read or changed by others; or the own
            key cannot be written.
    """
    if named is not None:
        return load_key(named)
    path = default_path()
    if not path.exists():
        _create(path)
    return load_key(path)


def load_key(path: Path) -> SigningKey:
    """Read a private key.

    Raises:
        SettingsInvalid: as `own_key`.
    """
    data = _read(path, "RECHECK_SIGNING_KEY", "names a private Ed25519 key in PEM form")
    _refuse_if_shared(path)
    require_own(path, "the private key")
    try:
        private = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "private") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_key(path, "private")
    public = private.public_key().public_bytes_raw()
    return SigningKey(key_id(public), public, private)


def load_public_key(path: Path) -> bytes:
    """Read a public key: 32 bytes.

    Raises:
        SettingsInvalid: the file cannot be read, is no public Ed25519 key, or
            somebody else could put another in its place.
    """
    data = _read(path, "RECHECK_TRUSTED_KEYS", "lists public Ed25519 keys (.pub)")
    require_own(path, "the trusted key")
    try:
        public = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "public") from error
    if not isinstance(public, Ed25519PublicKey):
        raise _no_key(path, "public")
    return public.public_bytes_raw()


def trusted_keys(listed: str | None = None, private: Path | None = None) -> list[bytes]:
    """Return the public keys whose signatures are accepted.

    Args:
        listed: paths of public keys, separated as in PATH: exactly these.
        private: where nothing is listed, the private key whose public half is
            trusted; the own key by default. No key is made.

    Raises:
        SettingsInvalid: a key cannot be used.
    """
    if listed is not None:
        return [load_public_key(Path(name)) for name in listed.split(os.pathsep) if name]
    path = default_path() if private is None else private
    public = path.with_suffix(".pub")
    if path.exists():
        return [load_key(path).public]
    return [load_public_key(public)] if public.exists() else []


def verifier(trusted: Iterable[bytes]) -> Verify:
    """Return a function that checks that one of these public keys signed a message."""
    keys = {key_id(public): Ed25519PublicKey.from_public_bytes(public) for public in trusted}

    def verify(message: bytes, signature: Signature) -> None:
        if signature.key_id not in keys:
            raise PackageRefused(
                f"the package is signed by key {signature.key_id}, trusted here: "
                f"{', '.join(sorted(keys)) or 'none'}",
                fix="if you trust who made it, add the public key (.pub) to "
                "RECHECK_TRUSTED_KEYS; else fit the model here",
            )
        try:
            keys[signature.key_id].verify(signature.value, message)
        except InvalidSignature:
            raise PackageRefused(
                "the manifest is not what was signed: the package was changed",
                fix="restore the package from where it was made, or fit the model again",
            ) from None

    return verify


def _create(path: Path) -> None:
    """Write a new key pair; of several first callers at once, one wins and all use its key."""
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(beside, secret)
            with contextlib.suppress(FileExistsError):
                # Complete or absent: a link appears at once, and only if nothing is there.
                os.link(beside, path)
                _write_beside(path, public)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsInvalid(
            f"no signing key could be made at {path}: {error.strerror}",
            fix="let RECHECK_SIGNING_KEY name a private key, or XDG_CONFIG_HOME a folder that "
            "can be written",
        ) from error


def _write_beside(path: Path, public: bytes) -> None:
    """Write the public half, which others may read and not change."""
    beside = path.with_suffix(".pub")
    beside.write_bytes(public)
    beside.chmod(0o644)


def _write(path: Path, data: bytes) -> None:
    """Write a new file that was never readable by others, on disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, setting: str, meaning: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_PEM_LIMIT)
    except OSError as error:
        raise SettingsInvalid(
            f"the key {path} cannot be read: {error.strerror}", fix=f"{setting} {meaning}"
        ) from error


def _refuse_if_shared(path: Path) -> None:
    shared = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if os.name == "posix" and shared:
        raise SettingsInvalid(
            f"the private key {path} may be used by others than its owner",
            fix=f"chmod 600 {shlex.quote(str(path))}; if others may have read it, make a new one",
        )


def _no_key(path: Path, half: str) -> SettingsInvalid:
    return SettingsInvalid(
        f"{path} is no {half} Ed25519 key in PEM form, without a passphrase",
        fix="openssl genpkey -algorithm ed25519 -out signing.pem makes a private key, "
        "openssl pkey -in signing.pem -pubout -out signing.pub its public half",
    )
