"""The store: tables, models, notes, reports and locks, wherever they lie."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

from infra.clouds import open_root
from infra.ports import StoreRoot
from infra.registry import Registry
from pipelines.errors import StoreUnavailable
from pipelines.tables.files import Files
from pipelines.tables.schemas import PARTITIONED_BY, TABLES
from pipelines.tables.snapshot import Tables
from pipelines.tables.table import Table

FORMAT = 2  # of what a store holds; 1 had no mark, no `releases` and fewer columns
MARK = "recheck-store.json"


class Store:
    """The files of one store, by what they are for."""

    def __init__(self, root: StoreRoot) -> None:
        self.files, self._locks = root.files, root.locks
        self.staging = root.staging
        self._tables: dict[str, Table] = {}
        self._is_marked = False

    def table(self, name: str) -> Table:
        """Return one of `pipelines.tables.schemas.TABLES`, to write to; the same object each time."""
        if name not in self._tables:
            self._tables[name] = self._table(name, self.mark)
        return self._tables[name]

    def tables(self, job: str) -> Tables:
        """Return a snapshot of the tables of one job, to read from."""
        return Tables(self._table, job)

    def _table(self, name: str, before_commit: Callable[[], None] | None = None) -> Table:
        files = self.files.under(name)
        return Table(files, TABLES[name], PARTITIONED_BY.get(name, ()), before_commit)

    def registry(self, model: str) -> Registry:
        """Return the versions of a model."""
        return Registry(self.files.under("models"), model)

    @property
    def reports(self) -> Files:
        """The reports, one HTML page a job."""
        return self.files.under("reports")

    @property
    def known(self) -> Files:
        """Known truths, `<job>.json`: users write them, no step does."""
        return self.files.under("known")

    @property
    def jobs(self) -> Files:
        """The job that owns each name, `<name>.json`: written once, by the first that uses it."""
        return self.files.under("jobs")

    @property
    def notes(self) -> Files:
        """Notes that a step keeps for its next run: cursors and journals."""
        return self.files.under("notes")

    def note(self, name: str, text: str) -> None:
        """Keep a small text for the next run, replacing the one of that name."""
        self.notes.put(name, text.encode())

    def noted(self, name: str) -> str | None:
        """Return the text that was kept under a name; None where there is none."""
        try:
            return self.notes.read(name).decode(errors="replace")
        except FileNotFoundError:
            return None

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        """Hold a name against other processes; see `infra.ports.Locks.hold`."""
        return self._locks.hold(name, wait=wait)

    def mark(self) -> None:
        """Write the format of the store into it, before the first commit; a store without a mark gets one."""
        if not self._is_marked:
            content = json.dumps({"format": FORMAT, "id": uuid.uuid4().hex}).encode()
            stat = self.files.head(MARK)
            if stat is None:
                self.files.put(MARK, content, if_absent=True)
            elif not stat.size:  # whoever claimed the name was killed before it wrote
                self.files.put(MARK, content, if_tag=stat.tag)
            self._is_marked = True

    def require_readable(self) -> None:
        """Refuse a store that a later release wrote.

        Raises:
            StoreUnavailable: its format is newer than this release knows, or its mark says nothing.
        """
        try:
            content = self.files.read(MARK)
            number = _format_of(content) if content else 0
        except FileNotFoundError:
            return  # of the first format, or empty
        except (ValueError, RecursionError) as error:
            raise StoreUnavailable(
                f"{self.files.address}: {MARK} does not say the format of the store",
                fix="restore that file from a backup; a store without it is of the first format",
            ) from error
        if number > FORMAT:
            raise StoreUnavailable(
                f"{self.files.address}: the store has format {number}, and this release reads up to {FORMAT}",
                fix="install the release that wrote it, or a later one",
            )
        self._is_marked = number > 0


def _format_of(content: bytes) -> int:
    """Return the number that a mark holds.

    Raises:
        ValueError, RecursionError: it holds none.
    """
    mark = json.loads(content)
    number = mark.get("format") if isinstance(mark, dict) else None
    if type(number) is not int or number < 1:
        raise ValueError("no whole number from 1 on")
    return number


def open_store(address: str) -> Store:
    """Open the store at an address; `infra.clouds` knows the kinds of address that there are.

    Raises:
        SettingsInvalid: the address is of a kind that is not supported.
        StoreUnavailable: a later release wrote the store.
    """
    store = Store(open_root(address))
    store.require_readable()
    return store
