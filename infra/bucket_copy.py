"""Staging: the objects that a pattern matches are copied from a bucket to this machine.

Every file of the staged folder is whole: an object arrives under another
name, is compared with the length and the tag of the bucket's listing,
and only then gets its name. `objects.json` beside the files says which tag
each has, so that what did not change is not fetched again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from infra.clouds.folder import Folder
from infra.ports import Bucket, Item, Say
from pipelines.errors import BatchUnknown, BucketUnreachable, InputUnreadable, RecheckError
from pipelines.input.path_patterns import fixed_part, literal_start, matcher
from pipelines.tables.store_errors import store_errors

_INDEX = "objects.json"
_TRIES = 5  # of each call
_ROUNDS = 3  # of listing and fetching, while somebody replaces objects
_THREADS = 8
_WAIT = wait_random_exponential(multiplier=0.5, max=8)  # seconds


def folder_name(url: str) -> str:
    """Return the folder of an address, below the folder of all staged input.

    >>> folder_name("s3://bucket/{batch}.parquet")
    '5fa10a54d7fef111'
    """
    return hashlib.sha256(url.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Staging:
    """One pattern of one bucket, and its folder on this machine, which nobody else changes meanwhile."""

    bucket: Bucket
    pattern: str  # of names, without a slash at its beginning
    folder: Path
    say: Say = field(default=lambda _: None)
    wait: Any = field(default=_WAIT)  # between two tries of a call, as tenacity has it

    @property
    def staged(self) -> str:
        """The same pattern, over the copied files."""
        return str(self._files) + "/" + self._full.removeprefix(fixed_part(self._full))

    @property
    def _full(self) -> str:
        return f"/{self.pattern}"

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    def batches(self) -> list[str]:
        """Return the values of `{batch}` in the bucket, sorted; nothing is fetched."""
        names = matcher(self._full)
        found = [names.fullmatch(f"/{item.name}") for item in self._list(None)]
        return sorted({match["batch"] for match in found if match and "batch" in match.groupdict()})

    def bring(self, batches: Sequence[str] = ()) -> None:
        """Make the staged files equal to the objects; with `{batch}` in the pattern, those of these batches.

        Raises:
            InputUnreadable: nothing matches, or objects are replaced all the
                time.
            BatchUnknown: no object is of one of the batches.
            BucketRefused, BucketUnreachable: the bucket cannot be read; objects
                that arrived before stay for the next try.
            StoreUnavailable: the files cannot be written.
        """
        scope = tuple(dict.fromkeys(batches)) if "{batch}" in self.pattern else ()
        with store_errors(str(self.folder)):
            for _ in range(_ROUNDS):
                if self._bring(self._wanted(scope), scope):
                    return
        raise InputUnreadable(
            f"{self.bucket.url}/{self.pattern}: objects are replaced while they are read",
            fix="wait until whoever writes them is done, then run the same command again",
        )

    def _wanted(self, scope: Sequence[str]) -> dict[str, Item]:
        """Return the objects to stage, by the names of their files."""
        wanted: dict[str, Item] = {}
        for batch in scope or (None,):
            items = self._matching(batch)
            if batch is not None and not items:
                raise BatchUnknown(
                    f"no object of batch {batch!r} in {self.bucket.url}",
                    fix=f"the path has {', '.join(self.batches()[-5:]) or 'no batch at all'}",
                )
            wanted |= items
        if not wanted:
            raise InputUnreadable(
                f"no object at {self.bucket.url}/{self.pattern}",
                fix="correct data.path in the job file",
            )
        return wanted

    def _matching(self, batch: str | None) -> dict[str, Item]:
        names, fixed = matcher(self._full), fixed_part(self._full)
        matching = {}
        for item in self._list(batch):
            match = names.fullmatch(f"/{item.name}")
            if match and (batch is None or match["batch"] == batch):
                name = f"/{item.name}".removeprefix(fixed)
                if self._is_file(name):
                    matching[name] = item
        return matching

    def _list(self, batch: str | None) -> list[Item]:
        prefix = literal_start(self._full, batch).removeprefix("/")
        listed: list[Item] = self._persistently(self.bucket.list, prefix)
        return listed

    def _is_file(self, name: str) -> bool:
        """Tell whether a name becomes a file; marks of folders and hidden names do not, as on a disk."""
        parts = name.split("/")
        if parts[-1] == "":
            return False
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise InputUnreadable(
                f"{self.bucket.url}: the name of object {name!r} cannot be a file's",
                fix="rename the object, or write a pattern that leaves it out",
            )
        is_exact = literal_start(self._full, None) == self._full
        return is_exact or not any(part.startswith(".") for part in parts)

    def _bring(self, wanted: Mapping[str, Item], scope: Sequence[str]) -> bool:
        """Fetch and remove; False where an object was replaced since it was listed."""
        index = _Index.read(self.folder)
        due = {name: item for name, item in wanted.items() if not self._has(index, name, item)}
        gone = [name for name in index.items if name not in wanted and self._in(name, scope)]
        if not due and not gone:
            return True
        index.forget([*due, *gone])  # before the files change: nothing may have a wrong tag
        self._remove(gone)
        if due:
            self.say(f"fetching {len(due)} objects, {sum(i.size for i in due.values()):,} bytes")
        try:
            return self._fetch_all(due, index)
        finally:
            index.write()

    def _has(self, index: _Index, name: str, item: Item) -> bool:
        path = self._files / name
        return (
            index.items.get(name) == [item.tag, item.size]
            and path.is_file()
            and path.stat().st_size == item.size
        )

    def _in(self, name: str, scope: Sequence[str]) -> bool:
        """Tell whether the listing would have shown this object."""
        match = matcher(self._full).fullmatch(fixed_part(self._full) + name)
        return not scope or (match is not None and match["batch"] in scope)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            path = self._files / name
            path.unlink(missing_ok=True)
            for parent in path.parents:
                if parent == self._files or any(parent.iterdir()):
                    break
                parent.rmdir()

    def _fetch_all(self, due: Mapping[str, Item], index: _Index) -> bool:
        arriving = self.folder / "arriving"
        shutil.rmtree(arriving, ignore_errors=True)  # of a run that was killed
        arriving.mkdir()
        current = True
        pool = ThreadPoolExecutor(_THREADS)
        try:
            paths = [arriving / str(number) for number in range(len(due))]
            fetched = pool.map(self._fetch, due.values(), paths)
            for name, path, same in zip(due, paths, fetched, strict=True):
                current = current and same
                if same:
                    self._place(path, name)
                    index.items[name] = [due[name].tag, due[name].size]
        finally:
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(arriving, ignore_errors=True)
        return current

    def _fetch(self, item: Item, path: Path) -> bool:
        same: bool = self._persistently(self._fetch_once, item, path)
        return same

    def _fetch_once(self, item: Item, path: Path) -> bool:
        if not self.bucket.download(item, path):
            return False
        size = path.stat().st_size
        if size != item.size:
            raise BucketUnreachable(
                f"{self.bucket.url}/{item.name}: {size} of {item.size} bytes arrived",
                fix="run the same command again",
            )
        return True

    def _place(self, path: Path, name: str) -> None:
        """Give a whole file its name; its content is on disk before that."""
        with path.open("rb") as file:
            os.fsync(file.fileno())
        target = self._files / name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)

    def _persistently(self, call: Callable[..., Any], *arguments: object) -> Any:
        """Make a call, and again a few times while its error says that this may help."""
        policy = Retrying(
            retry=retry_if_exception(_may_help),
            stop=stop_after_attempt(_TRIES),
            wait=self.wait,
            reraise=True,
        )
        return policy(call, *arguments)


def _may_help(error: BaseException) -> bool:
    return isinstance(error, RecheckError) and error.retryable


@dataclass
class _Index:
    """The tag and the size of each staged file, by its name."""

    folder: Folder
    items: dict[str, list[Any]]

    @classmethod
    def read(cls, folder: Path) -> _Index:
        """Read the index; it is empty where there is none or it is damaged, and all is fetched again."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # rows of the input are nobody else's
        files = Folder(folder)
        try:
            return cls(files, dict(json.loads(files.read(_INDEX))))
        except (FileNotFoundError, ValueError):
            shutil.rmtree(folder / "files", ignore_errors=True)
            return cls(files, {})

    def forget(self, names: Iterable[str]) -> None:
        """Remove names, on disk as well."""
        for name in names:
            self.items.pop(name, None)
        self.write()

    def write(self) -> None:
        """Write the index to disk."""
        self.folder.put(_INDEX, json.dumps(self.items).encode())
