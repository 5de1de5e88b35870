"""Which engine maps the fragments, and with what."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from infra.settings import Settings
from pipelines.errors import EngineUnavailable
from pipelines.input.fragments import Split
from pipelines.scoring.score_fragment import Outcome, Work

AUTO = "auto"
ENGINES = ("inline", "local")
_MEGABYTE = 1_000_000


def choose(settings: Settings, name: str, size: int) -> str:
    """The engine of a name; `auto` takes `inline` up to the size that settings state.

    Args:
        size: of the input, in bytes.
    """
    if name != AUTO:
        return name
    is_small = size <= settings.inline_limit * _MEGABYTE
    return "inline" if is_small else settings.engine


def check(name: str) -> None:
    """Refuse a name before any work.

    Raises:
        EngineUnavailable: there is no such engine.
    """
    if name not in (AUTO, *ENGINES):
        raise EngineUnavailable(
            f"there is no engine {name!r}", fix=f"use {AUTO}, {' or '.join(ENGINES)}"
        )


def run(settings: Settings, engine: str, work: Work, splits: Sequence[Split]) -> Iterator[Outcome]:
    """Map the fragment function over the splits."""
    if engine == "inline":
        from infra.engines import inline

        return inline.run(work, splits, workers=min(settings.workers, os.cpu_count() or 1))
    from infra.engines import local

    return local.run(work, splits)
