"""The fitted job that these tests start from."""

from tests.fixtures.session import a_home_of_its_own, fitted, world

__all__ = ["a_home_of_its_own", "fitted", "world"]
