"""Errors travel: from workers by pickle, from Beam by a file; none loses what it says."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import RecheckError, read_error, write_error


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
def test_an_error_is_read_from_its_file(kind: type[RecheckError], tmp_path: Path) -> None:
    write_error(tmp_path / "error", kind("Übel", fix="what to do"))

    there = read_error(tmp_path / "error")

    assert (type(there), there.problem, there.fix) == (kind, "Übel", "what to do")
