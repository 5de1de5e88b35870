"""A batch that is scored again while a row of it is forgotten: what was read before must not bring it back."""

from __future__ import annotations

from collections.abc import Mapping

from infra.store import Store
from pipelines.errors import ConcurrentRun


def live_names(store: Store, partition: Mapping[str, str]) -> frozenset[str]:
    """Return the files of a batch in predictions and quarantine; forgetting a row renames them."""
    found: set[str] = set()
    for name in ("predictions", "quarantine"):
        table = store.table(name)
        table.refresh()
        found |= {file.name for file in table.files(partition)}
    return frozenset(found)


def require_unforgotten(store: Store, partition: Mapping[str, str], before: frozenset[str]) -> None:
    """Refuse to publish a batch whose files are others than when its scoring began.

    Args:
        store: holds them.
        partition: the job and the batch.
        before: its files then, as `live_names` has them.

    Raises:
        ConcurrentRun: a row was forgotten meanwhile.
    """
    if live_names(store, partition) != before:
        raise ConcurrentRun(
            f"a row of batch {partition['batch']!r} was forgotten while the batch was scored",
            fix="run the same command again; it is safe to repeat",
        )
