"""Files under one signature: the manifest lists each with its digest, a key signs the manifest.

Everything is read once. What was verified is what is used, so that a file
changed in between changes nothing.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pipelines.errors import PackageRefused, StoreUnavailable
from pipelines.models.manifest import FileNote, Manifest
from pipelines.models.signatures import Signature, Verify

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"

_MANIFEST_LIMIT: Final = 2**30  # bytes
_SIGNATURE_LIMIT: Final = 4096
_RESTORE: Final = "restore the package from where it was made, or fit the model again"


def notes_of(files: Mapping[str, bytes]) -> dict[str, FileNote]:
    """Digest and size of each file, sorted by name."""
    return {
        name: FileNote(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        for name, data in sorted(files.items())
    }


def read_sealed(folder: Path, *, verify: Verify) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and files of a folder, in which nothing was changed, added or lost.

    The order matters: the signature is checked before the manifest is parsed,
    and every file is checked before any is used.

    Raises:
        PackageRefused: with what is wrong, and the way out.
    """
    try:
        signature = Signature.from_json(_read(folder, SIGNATURE, _SIGNATURE_LIMIT))
        content = _read(folder, MANIFEST, _MANIFEST_LIMIT)
        verify(content, signature)
        manifest = Manifest.from_json(content)
        _check_names(folder, set(manifest.files))
        return manifest, {
            name: _checked(folder, name, note) for name, note in manifest.files.items()
        }
    except OSError as error:
        raise PackageRefused(
            f"the package {folder} cannot be read: {error.strerror}", fix=_RESTORE
        ) from error


def _read(folder: Path, name: str, limit: int) -> bytes:
    """A small regular file of the package itself."""
    path = folder / name
    if path.is_symlink() or not path.is_file():
        what = "unsigned" if name == SIGNATURE and folder.is_dir() else "incomplete, or not there"
        raise PackageRefused(f"the package {folder} is {what}: it has no {name}", fix=_RESTORE)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise PackageRefused(f"{name} of the package {folder} is too large", fix=_RESTORE)
    return data


def _check_names(folder: Path, listed: set[str]) -> None:
    found = set(_entries(folder)) - {MANIFEST, SIGNATURE}
    parents = {
        parent.as_posix() + "/" for name in listed for parent in Path(name).parents if parent.name
    }
    for problem, names in (
        ("were added", found - listed - parents),
        ("are missing", (listed | parents) - found),
    ):
        if names:
            shown = ", ".join(sorted(names)[:5])
            raise PackageRefused(f"files of the package {problem}: {shown}", fix=_RESTORE)


def _entries(folder: Path, prefix: str = "") -> Iterator[str]:
    """Every entry at any depth, folders with a slash; links and devices never match a list."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield f"{name}/"
                yield from _entries(folder / entry.name, f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                yield name
            else:
                yield f"{name} (no regular file)"


def _checked(folder: Path, name: str, note: FileNote) -> bytes:
    path = folder / name
    if path.stat().st_size == note.size:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == note.sha256:
            return data
    raise PackageRefused(f"{name} of the package was changed", fix=_RESTORE)


def write_sealed(
    folder: Path, files: Mapping[str, bytes], manifest: bytes, signature: bytes
) -> bool:
    """Write a folder at once; False, and nothing is changed, if it exists already.

    A reader sees the whole folder or none, also after a crash at any moment.

    Raises:
        StoreUnavailable: the place is full, read-only or not there.
    """
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        beside.mkdir(parents=True)
        for name, data in {**files, MANIFEST: manifest, SIGNATURE: signature}.items():
            _write(beside / name, data)
        for path in [*beside.rglob("*/"), beside]:
            _sync(path)
        beside.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY} and folder.exists():
            return False  # another fit of the same was faster
        raise StoreUnavailable(
            f"the package cannot be written to {folder}: {error.strerror}",
            fix="make room or give write access, or let RECHECK_STORE name another place",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(beside)
    return True


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Names are on disk only when their folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
