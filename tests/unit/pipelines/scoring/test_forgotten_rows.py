"""Forgotten rows are known again by what does not tell them."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.identity.keyed_hash import hex_text
from pipelines.scoring.forgotten_rows import ForgottenRows, forgotten_digests

SEED = "0123456789abcdef"
IDS = np.array([[1, 2], [3, 4], [1, 4], [5, 6]], dtype=np.uint64)


@pytest.fixture
def names() -> list[str]:
    return [str(one) for one in hex_text(IDS).to_pylist()]


def test_forgotten_rows_are_found(names: list[str]) -> None:
    digests = forgotten_digests(SEED, [names[1], names[3]])

    assert ForgottenRows(SEED, frozenset(digests)).among(IDS) == [1, 3]


def test_their_digests_tell_no_id(names: list[str]) -> None:
    """Nor anything without the seed."""
    digests = forgotten_digests(SEED, names)

    assert not {*digests} & {*names}
    assert ForgottenRows("another seed", frozenset(digests)).among(IDS) == []


def test_where_nothing_was_forgotten_nothing_is_found() -> None:
    assert ForgottenRows().among(IDS) == []
