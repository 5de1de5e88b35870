"""What holds for every test."""

from hypothesis import settings

pytest_plugins = ["tests.fixtures.chromium", "tests.fixtures.own_settings", "tests.fixtures.server"]

# The first example of a module pays for its imports: a deadline would measure those.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
