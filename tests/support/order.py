"""Which process of the tests takes up which file next, so that no core waits while another has much left.

`--dist loadfile` gives a process whole files, whose fixtures are then made once. Each process puts what it collected in order
(`dearest_first`; pytest-django puts tests that empty the database behind the others afterwards), and `SharedOut` takes from
both ends of that order.
"""

from collections import Counter
from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

SECONDS = {"browser": 60, "guest": 15, "slow": 4}  # of a test with that marker, roughly
JOURNEYS = "tests/flows/"


def dearest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, those of a file together, and the files that take longest first."""
    seconds: Counter[str] = Counter()
    for item in items:
        seconds[_file(item)] += next((SECONDS[name] for name in SECONDS if item.get_closest_marker(name)), 0)
    return sorted(items, key=lambda item: -seconds[_file(item)])


class SharedOut(LoadFileScheduling):
    """Journeys mostly wait for guests. So of three processes or more the last leaves them to the others, which make them first, and
    takes the short files meanwhile."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        journeys = [file for file in self.workqueue if file.startswith(JOURNEYS)]
        others = [file for file in self.workqueue if not file.startswith(JOURNEYS)]
        is_last = len(self.nodes) > 2 and node is self.nodes[-1]
        file = (others or journeys)[-1] if is_last else (journeys or others)[0]
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
