"""Files under one signature: the manifest lists each with its digest, a key signs the manifest.

Every file is read once, and the bytes that were verified are those that are used. So
a file that is changed in between changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from pipelines.errors import PackageRefused
from pipelines.models.manifest import FileNote, Manifest
from pipelines.models.signature_format import Signature, Verify
from pipelines.tables.files import Files

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"

_MANIFEST_LIMIT: Final = 2**30  # bytes
_SIGNATURE_LIMIT: Final = 4096
_RESTORE: Final = "restore the package from where it was made, or fit the model again"


def notes_of(contents: Mapping[str, bytes]) -> dict[str, FileNote]:
    """Return digest and size of each file, sorted by name."""
    return {
        name: FileNote(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        for name, data in sorted(contents.items())
    }


def read_sealed(files: Files, *, verify: Verify) -> tuple[Manifest, dict[str, bytes]]:
    """Read the manifest and the files of a folder, in which nothing was changed, added or lost.

    The order matters: the signature is checked before the manifest is parsed,
    and every file is checked before any is used.

    Args:
        files: the files of the folder.
        verify: checks the signature.

    Returns:
        The manifest, and the contents by file name.

    Raises:
        PackageRefused: a file is missing, strange or changed, or the signature
            is not that of a trusted key.
        StoreUnavailable: the folder cannot be read.
    """
    signature = Signature.from_json(_read(files, SIGNATURE, _SIGNATURE_LIMIT))
    content = _read(files, MANIFEST, _MANIFEST_LIMIT)
    verify(content, signature)
    manifest = Manifest.from_json(content)
    _check_names(files, set(manifest.files))
    return manifest, {name: _checked(files, name, note) for name, note in manifest.files.items()}


def _read(files: Files, name: str, limit: int) -> bytes:
    """Read the manifest or the signature."""
    stat = files.head(name)
    if stat is None:
        is_unsigned = name == SIGNATURE and any(True for _ in files.list())
        what = "unsigned" if is_unsigned else "incomplete, or not there"
        raise PackageRefused(
            f"the package {files.address} is {what}: it has no {name}", fix=_RESTORE
        )
    if stat.size > limit:
        raise PackageRefused(f"{name} of the package {files.address} is too large", fix=_RESTORE)
    return _bytes(files, name)


def _bytes(files: Files, name: str) -> bytes:
    try:
        return files.read(name)
    except FileNotFoundError as error:
        raise PackageRefused(f"{name} of the package is missing", fix=_RESTORE) from error


def _check_names(files: Files, listed: set[str]) -> None:
    begun = {stat.name for stat in files.unfinished() if not _is_signature(files, stat.name)}
    present = begun | ({stat.name for stat in files.list()} - {MANIFEST, SIGNATURE})
    for problem, names in (("were added", present - listed), ("are missing", listed - present)):
        if names:
            shown = ", ".join(sorted(names)[:5])
            raise PackageRefused(f"files of the package {problem}: {shown}", fix=_RESTORE)


def _is_signature(files: Files, begun: str) -> bool:
    """Tell whether a file that was begun is the signature, which its writer was about to tidy up."""
    try:
        return begun.startswith(f".{SIGNATURE}.") and files.read(begun) == files.read(SIGNATURE)
    except FileNotFoundError:  # it is tidied up
        return True


def _checked(files: Files, name: str, note: FileNote) -> bytes:
    stat = files.head(name)
    if stat is not None and stat.size == note.size:
        data = _bytes(files, name)
        if hashlib.sha256(data).hexdigest() == note.sha256:
            return data
    raise PackageRefused(f"{name} of the package was changed", fix=_RESTORE)


def write_sealed(
    files: Files, contents: Mapping[str, bytes], manifest: bytes, signature: bytes
) -> bool:
    """Write the files of a folder, the signature last: without it, no reader takes the rest.

    There may be one writer at a time. Files that an earlier writer left unfinished are
    replaced.

    Args:
        files: the files of the folder.
        contents: what to write, by file name.
        manifest: the bytes of the manifest, which lists them.
        signature: the bytes of the manifest's signature.

    Returns:
        False, with nothing changed, if the folder has a signature already.

    Raises:
        StoreUnavailable: the store is full, read-only or not there.
    """
    if files.head(SIGNATURE) is not None:
        return False
    whole = {**contents, MANIFEST: manifest}
    for stat in (*files.list(), *files.unfinished()):
        if stat.name not in whole:
            files.delete(stat.name)
    for name, data in whole.items():
        files.put(name, data)
    return files.put(SIGNATURE, signature, if_absent=True) is not None
