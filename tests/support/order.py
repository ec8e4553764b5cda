"""The order in which several workers take up the files of tests.

`--dist loadfile` gives a worker whole files, whose fixtures are then made once, in the order of the collection.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

SECONDS = {"browser": 60, "guest": 15, "slow": 4}  # of a test with that marker, roughly


def dearest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, those of a file together: what takes longest comes first, so that no worker ends alone.

    Journeys come before all and one after the other, as they share a console. Files that take no time are spread among the
    others: these wait a good deal, for guests and for workers that were killed.
    """
    seconds: Counter[str] = Counter()
    journeys: set[str] = set()
    for item in items:
        seconds[_file(item)] += next((SECONDS[name] for name in SECONDS if item.get_closest_marker(name)), 0)
        if item.get_closest_marker("browser"):
            journeys.add(_file(item))
    dear = sorted((file for file in seconds if seconds[file]), key=lambda file: -seconds[file])
    quick = [file for file in seconds if not seconds[file]]
    place = {
        file: (at / len(files), files is quick) for files in (dear, quick) for at, file in enumerate(files)
    }
    return sorted(items, key=lambda item: (_file(item) not in journeys, place[_file(item)]))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
