"""The order in which several workers take up the files of tests: what takes longest first, so that none ends alone.

`--dist loadfile` gives a worker whole files, whose fixtures are then made once, in the order of the collection.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

SECONDS = {"browser": 60, "guest": 15, "slow": 4}  # of a test with that marker, roughly


def dearest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, those of a file together. Journeys come first and one after the other, as they share a console."""
    seconds: Counter[str] = Counter()
    journeys: set[str] = set()
    for item in items:
        seconds[_file(item)] += next((SECONDS[name] for name in SECONDS if item.get_closest_marker(name)), 0)
        if item.get_closest_marker("browser"):
            journeys.add(_file(item))
    return sorted(items, key=lambda item: (_file(item) not in journeys, -seconds[_file(item)]))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
