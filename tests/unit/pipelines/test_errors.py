"""Errors travel: from workers by pickle, from Beam by a file; none loses what it says."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from pipelines.errors import RecheckError, decode_error, encode_error


def kinds(kind: type[RecheckError]) -> Iterator[type[RecheckError]]:
    """An error and every one below it."""
    yield kind
    for child in kind.__subclasses__():
        yield from kinds(child)


KINDS = [*kinds(RecheckError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_pickles(kind: type[RecheckError]) -> None:
    error = kind("what is wrong", fix="what to do")

    there = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own

    assert type(there) is kind
    assert vars(there) == vars(error)
    assert str(there) == str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_comes_back_from_its_bytes(kind: type[RecheckError]) -> None:
    there = decode_error(encode_error(kind("Übel", fix="what to do")))

    assert (type(there), there.problem, there.fix) == (kind, "Übel", "what to do")
