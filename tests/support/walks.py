"""Walks: many checks in one test, on rows that are made once. What one check writes, the next does not see."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def stop(subtests: pytest.Subtests, name: str) -> Iterator[None]:
    """One check of a walk. When it fails it is named, and the walk goes on."""
    with subtests.test(name), undone():
        yield
