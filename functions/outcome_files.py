"""The files that `labeling.outcomes_path` names, and which of them are due."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from functions.app import App
from functions.batches import attempts
from functions.erasure.erasures import erasures
from infra import staged_input
from infra.clouds import is_remote
from pipelines.input.fragments import Source, file_tag, find_sources


@dataclass(frozen=True, slots=True)
class OutcomeFiles:
    """Files of outcomes, with a note of those that were taken.

    A file is due when it is new or changed. All are due again after a removal, and those
    that held answers to unknown rows once other batches are scored.
    """

    app: App
    pattern: str
    taken: dict[str, str]  # path -> the tag of the file, and what else it was taken at
    removed: str  # changes with the newest removal
    scored: str  # changes with the batches that are scored

    @classmethod
    def of(cls, app: App, path: str) -> Self:
        """Look at the store, and fetch what lies in a bucket."""
        pattern = staged_input.bring(path, app.store, say=app.say) if is_remote(path) else path
        tables, noted = app.tables(), app.store.noted(_note(app))
        removed = erasures(tables).newest
        live = sorted((batch, one.id) for batch, one in attempts.scored(tables).items())
        digest = hashlib.sha256(json.dumps(live).encode()).hexdigest()
        at = f" {removed.isoformat()}" if removed else ""
        return cls(app, pattern, json.loads(noted) if noted else {}, at, digest)

    def due(self) -> Iterator[Source]:
        """Yield the files that are due."""
        for source in find_sources(self.pattern, self.app.folder):
            tag = self._tag(source)
            if self.taken.get(source.path) not in (tag, f"{tag} {self.scored}"):
                yield source

    def keep(self, source: Source, *, has_unknown: bool) -> None:
        """Note that a file was taken, and whether it held answers to unknown rows."""
        tag = self._tag(source)
        self.taken[source.path] = f"{tag} {self.scored}" if has_unknown else tag
        self.app.store.note(_note(self.app), json.dumps(self.taken))

    def _tag(self, source: Source) -> str:
        return f"{file_tag(source)}{self.removed}"


def _note(app: App) -> str:
    return f"outcomes-{app.job.name}.json"
