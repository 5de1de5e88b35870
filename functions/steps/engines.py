"""Which engine maps the fragments, and with what."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from functions.app import App
from pipelines.errors import EngineUnavailable
from pipelines.fragments import Piece
from pipelines.scoring import Outcome, Work

ENGINES = ("inline", "local")
_MEGABYTE = 1_000_000


def choose(app: App, name: str, size: int) -> str:
    """The engine of a name; `auto` takes `inline` up to the size that settings state.

    Args:
        size: of the input, in bytes.

    Raises:
        EngineUnavailable: there is no such engine.
    """
    if name == "auto":
        small = size <= app.settings.inline_limit * _MEGABYTE or app.settings.engine == "auto"
        return "inline" if small else app.settings.engine
    if name not in ENGINES:
        raise EngineUnavailable(f"there is no engine {name!r}", fix=f"use auto, {' or '.join(ENGINES)}")
    return name


def run(app: App, engine: str, work: Work, pieces: Sequence[Piece]) -> Iterator[Outcome]:
    """Map the fragment function over the pieces."""
    if engine == "inline":
        from infra.engines import inline

        return inline.run(work, pieces, workers=min(app.settings.workers, os.cpu_count() or 1))
    from infra.engines import local

    return local.run(work, pieces)
