"""A promise, and the verdict on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_NAMED = 3  # problems in a message, of many


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: kept, broken, or (None) not to be checked from here."""

    id: str
    ok: bool | None
    detail: str


def verdict(name: str, problems: Iterable[str], kept: str) -> Promise:
    """Judge a promise by its problems: kept where there is none.

    Args:
        name: of the promise, as `P1`.
        problems: a sentence each.
        kept: the detail where there is no problem.

    Returns:
        The promise; where it is broken, with the first problems and the number of the others.
    """
    broken = list(problems)
    more = f" (and {len(broken) - _NAMED} more)" if len(broken) > _NAMED else ""
    return Promise(name, not broken, "; ".join(broken[:_NAMED]) + more if broken else kept)


def unchecked(name: str, why: str) -> Promise:
    """Return a promise that cannot be checked from here, with the reason."""
    return Promise(name, None, why)
