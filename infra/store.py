"""The store: one folder with tables, models, locks and reports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlparse

from filelock import FileLock, Timeout

from pipelines.errors import ConcurrentRun, SettingsInvalid
from pipelines.tables.delta import Table
from pipelines.tables.schemas import PARTITIONED_BY, TABLES
from pipelines.tables.store_errors import store_errors


class Store:
    """A folder of this machine, or one mounted on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """One of `pipelines.tables.schemas.TABLES`; the same object each time."""
        if name not in self._tables:
            self._tables[name] = Table(
                str(self.folder / name), TABLES[name], PARTITIONED_BY.get(name, ())
            )
        return self._tables[name]

    def models(self, name: str) -> Path:
        """The folder of a model's versions."""
        return self.folder / "models" / name

    def reports(self) -> Path:
        """The folder of reports."""
        return self.folder / "reports"

    def known(self) -> Path:
        """The folder of what users know of a job by other means, `<job>.json`; no step writes there."""
        return self.folder / "known"

    def notes(self) -> Path:
        """The folder of what a step keeps for its next run: cursors and journals."""
        return self.folder / "notes"

    def note(self, name: str, text: str) -> None:
        """Keep a small text for the next run, replacing the one of that name."""
        path = self.notes() / name
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        with store_errors(str(self.folder)):
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(path)

    def noted(self, name: str) -> str | None:
        """The text that was kept under a name; None where there is none."""
        with store_errors(str(self.folder)):
            try:
                return (self.notes() / name).read_text(encoding="utf-8")
            except FileNotFoundError:
                return None

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        """Hold a name against other processes; it is free again when this one ends, however it ends.

        Args:
            name: what is held, e.g. `push`.
            wait: seconds to wait for another holder.

        Raises:
            ConcurrentRun: somebody else still holds it.
        """
        path = self.folder / "locks" / f"{quote(name, safe='')}.lock"
        with store_errors(str(self.folder)):
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


def open_store(place: str) -> Store:
    """The store at a path or `file:` URL.

    Raises:
        SettingsInvalid: the URL is of a kind that is not supported.
    """
    address = urlparse(place)
    if not address.scheme:
        return Store(Path(place).expanduser().absolute())
    if address.scheme == "file" and address.netloc in ("", "localhost"):
        return Store(Path(unquote(address.path)).absolute())
    raise SettingsInvalid(
        f"the store {place} is not on this machine, and only folders are supported so far",
        fix="set RECHECK_STORE to a folder, for example a mounted bucket",
    )
