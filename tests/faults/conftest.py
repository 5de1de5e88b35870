"""The fitted job that these tests start from, over a little data with rows that go wrong."""

from __future__ import annotations

import pytest

from tests.fixtures.session import a_home_of_its_own, fitted, world
from tests.fixtures.world import World, small

__all__ = ["a_home_of_its_own", "fitted", "world"]


@pytest.fixture(scope="module")
def base(fitted: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A fitted job over a little data, nothing scored."""
    made = fitted.copy(tmp_path_factory.mktemp("base"))
    made.write(small(), row_group_size=31)
    return made


@pytest.fixture(scope="module")
def scored(base: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same, scored."""
    made = base.copy(tmp_path_factory.mktemp("scored"))
    made.ok("score")
    return made
