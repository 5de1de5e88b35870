"""Rows that were forgotten: where the input still holds one, it is left out and not scored again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipelines.columns.buffers import Hashes, texts
from pipelines.identity.keyed_hash import hashes, hex_text, parse_hex, subkey

FORGOTTEN = "forgotten"  # the reason in `quarantine`; the row has no key there


@dataclass(frozen=True, slots=True)
class ForgottenRows:
    """Knows forgotten rows by digests of their prediction ids, which give neither key nor id away."""

    seed: str = ""
    digests: frozenset[str] = frozenset()

    def among(self, ids: Hashes) -> list[int]:
        """Return the numbers of the rows that were forgotten, by their prediction ids (n, 2)."""
        if not self.digests:
            return []
        known = parse_hex(texts(sorted(self.digests)))
        found = _digests(self.seed, ids)
        near = np.flatnonzero(np.isin(found[:, 0], known[:, 0]))
        return [int(row) for row in near if (known == found[row]).all(axis=1).any()]


def forgotten_digests(seed: str, ids: Iterable[str]) -> list[str]:
    """Return what is remembered of rows that are forgotten, so that they are known if they come again.

    Args:
        seed: of the job.
        ids: of their predictions, 32 hex digits each.

    Returns:
        A digest of each: whoever has no seed cannot tell whose it is.
    """
    found = hex_text(_digests(seed, parse_hex(texts(ids)))).to_pylist()
    return [str(one) for one in found]


def _digests(seed: str, ids: Hashes) -> Hashes:
    return hashes(subkey(seed, FORGOTTEN), hex_text(ids))
