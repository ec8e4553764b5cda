"""Jobs of the test's kind, as the rooms of jobs start them."""

from tests.jobs.conftest import start

__all__ = ["start"]
