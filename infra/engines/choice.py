"""The registry of engines, and the choice of the one that does a step.

One more engine is one more entry here, and a module with a function
`open_engine(settings)` that returns an `infra.ports.Engine`. Settings, the
terminal and its help ask this registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from pipelines.errors import EngineUnavailable

if TYPE_CHECKING:
    from infra.ports import Engine
    from infra.settings import Settings

AUTO = "auto"
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An engine that can be chosen."""

    module: str  # imported when the engine is opened: some take seconds
    about: str  # what does the work


ENGINES = {
    "inline": Entry("infra.engines.inline", "this process"),
    "local": Entry("infra.engines.local", "Apache Beam on this machine"),
}


def check(name: str) -> None:
    """Refuse a name before any work.

    Raises:
        EngineUnavailable: there is no such engine.
    """
    if name not in (AUTO, *ENGINES):
        *others, last = AUTO, *ENGINES
        raise EngineUnavailable(
            f"there is no engine {name!r}", fix=f"use {', '.join(others)} or {last}"
        )


def engine_for(settings: Settings, name: str, size: int) -> Engine:
    """Open the engine of a name; `auto` takes `inline` up to the size that settings state.

    Args:
        settings: what `auto` takes, and what engines are opened with.
        name: `auto`, or a name of the registry.
        size: of the input, in bytes.

    Returns:
        The engine, ready for work.
    """
    if name == AUTO:
        name = "inline" if size <= settings.inline_limit * _MEGABYTE else settings.engine
    return open_engine(settings, name)


def open_engine(settings: Settings, name: str) -> Engine:
    """Import and open the engine of a name of the registry."""
    opened: Engine = import_module(ENGINES[name].module).open_engine(settings)
    return opened
