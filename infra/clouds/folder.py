"""A folder of this machine, or one mounted on it, as the files and locks of a store."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlparse

import pyarrow as pa
from filelock import FileLock, Timeout

from infra.ports import StoreRoot
from pipelines.errors import ConcurrentRun, SettingsInvalid
from pipelines.tables.files import FileStat
from pipelines.tables.store_errors import store_errors, without_hard_links

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_UNFINISHED = ".part"  # the end of a name that nobody lists
_MOMENT = 30  # seconds that another process may need to replace one file


@dataclass(frozen=True, slots=True)
class Folder:
    """Implements `pipelines.tables.files.Files`."""

    path: Path

    @property
    def address(self) -> str:
        """The path."""
        return str(self.path)

    def options(self) -> Mapping[str, str]:
        """Return nothing: a path is enough."""
        return {}

    def under(self, folder: str) -> Folder:
        """Return the files of a folder, which need not exist yet."""
        return Folder(self.path / folder)

    def head(self, name: str) -> FileStat | None:
        """Return what is known of a regular file; None where there is none."""
        with store_errors(self.address):
            try:
                found = (self.path / name).lstat()
            except FileNotFoundError:
                return None
        return _stat(name, found) if stat.S_ISREG(found.st_mode) else None

    def list(self, folder: str = "") -> Iterator[FileStat]:
        """Yield every file at any depth below a folder, sorted by name, but for those being written."""
        with store_errors(self.address):
            found = sorted(_walk(self.path / folder, folder), key=lambda one: one.name)
        yield from (stat for stat in found if not _is_unfinished(stat.name))

    def unfinished(self) -> Iterator[FileStat]:
        """Yield the files that a writer has begun, or was killed at."""
        with store_errors(self.address):
            found = sorted(_walk(self.path, ""), key=lambda one: one.name)
        yield from (stat for stat in found if _is_unfinished(stat.name))

    def read(
        self, name: str, *, start: int = 0, length: int | None = None, tag: str | None = None
    ) -> bytes:
        """Return a range of a file; see the port."""
        with _missing_is_missing(self.address), _regular(self.path / name).open("rb") as file:
            if tag is not None and _stat(name, os.fstat(file.fileno())).tag != tag:
                raise FileNotFoundError(f"{name} was replaced")
            file.seek(start)
            return file.read(-1 if length is None else length)

    def open(self, name: str) -> pa.NativeFile:
        """Open a file for reading at random."""
        with _missing_is_missing(self.address):
            return pa.OSFile(str(_regular(self.path / name)), "rb")

    def put(
        self,
        name: str,
        content: bytes | pa.Buffer,
        *,
        if_absent: bool = False,
        if_tag: str | None = None,
    ) -> FileStat | None:
        """Write a file whole, on disk when this returns; see the port.

        A file is written beside the one that it replaces, and renamed.
        """
        path = self.path / name
        with store_errors(self.address), _scratch(path, content) as scratch:
            if if_absent:
                return self._placed(name, scratch) if _link(scratch, path) else None
            if if_tag is None:
                scratch.replace(path)
                return self._placed(name, scratch)
            with FileLock(path.with_name(f".{path.name}.lock"), timeout=_MOMENT):
                known = self.head(name)
                if known is None or known.tag != if_tag:
                    return None
                scratch.replace(path)
                return self._placed(name, scratch)

    def _placed(self, name: str, scratch: Path) -> FileStat:
        """Return the state of a file that was put: its name is on disk when its folder is."""
        path = self.path / name
        _sync(scratch.parent)
        return _stat(name, path.lstat())

    def flush(self, names: Iterable[str]) -> None:
        """Put on disk what another writer has left in these files, and their names."""
        paths = [self.path / name for name in names]
        with store_errors(self.address):
            for path in dict.fromkeys((*paths, *(path.parent for path in paths))):
                with contextlib.suppress(FileNotFoundError):
                    _sync(path)

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        with store_errors(self.address):
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class FolderLocks:
    """Implements `infra.ports.Locks` by locked files, which are free again when a process ends."""

    path: Path

    @contextmanager
    def hold(self, name: str, *, wait: float) -> Iterator[None]:
        """Hold a name against other processes; see the port."""
        path = self.path / f"{quote(name, safe='')}.lock"
        with store_errors(str(self.path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            held = FileLock(path)
            try:
                held.acquire(timeout=wait)
            except Timeout as error:
                raise ConcurrentRun(
                    f"another run of {name} is at work",
                    fix="wait for it, then run the same command again",
                ) from error
        try:
            yield
        finally:
            held.release()


def open_root(address: str) -> StoreRoot:
    """Open the folder at a path or `file:` URL, as a store.

    Raises:
        SettingsInvalid: the URL is of another machine, or Delta Lake would take the path for another.
    """
    folder = _path(address)
    if re.search(r"%[0-9A-Fa-f]{2}|\\", str(folder)):
        raise SettingsInvalid(
            f"the store {folder} has a backslash, or % and two digits, in its path, "
            "which Delta Lake takes for another folder",
            fix="give the folder another name",
        )
    return StoreRoot(Folder(folder), FolderLocks(folder / "locks"), folder / "staged")


@contextmanager
def temporary_folder() -> Iterator[Folder]:
    """Yield a new folder of this machine, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
        yield Folder(Path(folder))


def no_folder(address: str) -> SettingsInvalid:
    """Return the error of an address that is not of this machine."""
    return SettingsInvalid(
        f"the store {address} is not on this machine, and only folders are supported so far",
        fix="set RECHECK_STORE to a folder; data.path may be an address of a bucket",
    )


def _path(address: str) -> Path:
    try:
        url = urlparse(address)
        if not url.scheme:
            return Path(address).expanduser().absolute()
    except (ValueError, RuntimeError) as error:  # of a broken address, and of nobody's home
        raise SettingsInvalid(
            f"the store {address!r} is no folder: {error}", fix="set RECHECK_STORE to a folder"
        ) from error
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        return Path(unquote(url.path)).absolute()
    raise no_folder(address)


def _regular(path: Path) -> Path:
    """Return the path of a file; opening a pipe or a device could wait for ever.

    Raises:
        FileNotFoundError: there is nothing.
        OSError: it is no regular file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is no regular file")
    return path


def _stat(name: str, found: os.stat_result) -> FileStat:
    tag = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
    return FileStat(name, found.st_size, tag, found.st_mtime_ns // 1_000_000)


def _is_unfinished(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last.startswith(".") and last.endswith(_UNFINISHED)


def _walk(folder: Path, prefix: str) -> Iterator[FileStat]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        with contextlib.suppress(FileNotFoundError):  # removed since the folder was listed
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, f"{prefix}{entry.name}/")
            else:  # links and devices too: nothing can hide from whoever looks for strangers
                yield _stat(prefix + entry.name, entry.stat(follow_symlinks=False))


@contextmanager
def _missing_is_missing(address: str) -> Iterator[None]:
    """Let FileNotFoundError through, and translate every other error."""
    with store_errors(address):
        try:
            yield
            return
        except FileNotFoundError as error:
            missing = FileNotFoundError(str(error))
    raise missing


@contextmanager
def _scratch(path: Path, content: bytes | pa.Buffer) -> Iterator[Path]:
    """Write a file beside the one that it replaces, whole and on disk; remove it if it was not used."""
    _make(path.parent)
    scratch = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}{_UNFINISHED}")
    try:
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)


def _link(scratch: Path, path: Path) -> bool:
    """Give the scratch file its name; False where the name is taken.

    Raises:
        StoreUnavailable: the file system makes no hard links.
    """
    try:
        os.link(scratch, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise without_hard_links(str(path.parent)) from error
    return True


def _make(folder: Path) -> None:
    """Make a folder and those above it, each with its name on disk."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in reversed(missing):
        _sync(one.parent)


def _sync(path: Path) -> None:
    """Write a file, or the names of a folder, to disk: a file of its own does not write its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
