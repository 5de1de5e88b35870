"""No setting of the machine's own enters these tests."""

from tests.fixtures.session import a_home_of_its_own

__all__ = ["a_home_of_its_own"]
