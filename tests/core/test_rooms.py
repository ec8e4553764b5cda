"""What rooms own is found in them, at any depth, and belongs to one of them."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

from imsconsole.accounts.resources import TITLES
from imsconsole.core.rooms import OTHERS, drawers
from imsconsole.jobs.counters import counted


@pytest.mark.parametrize("name", ["clock", "quotas", "sentences"])
def test_every_module_of_that_name_is_found(name: str) -> None:
    folders = [Path(str(import_module(app).__file__)).parent for app in settings.ROOMS]
    written = {
        path for folder in folders for path in folder.rglob(f"{name}.py") if path.parent.name not in OTHERS
    }
    assert {Path(str(module.__file__)) for module in drawers(name)} == written
    assert len(written) > 1


def test_no_sentence_belongs_to_two_rooms() -> None:
    owners = Counter(code for module in drawers("sentences") for code in getattr(module, "SENTENCES", ()))
    assert [code for code, rooms in owners.items() if rooms > 1] == []
    assert owners


def test_each_resource_is_counted_once_in_a_table() -> None:
    times = Counter((each.table, resource) for each in counted() for resource in each.amounts)
    assert set(times.values()) == {1}
    assert {resource for _table, resource in times} >= TITLES.keys()


def test_no_two_rooms_have_periodic_work_of_the_same_name() -> None:
    names = Counter(work.name for module in drawers("clock") for work in getattr(module, "PERIODIC", ()))
    assert [name for name, rooms in names.items() if rooms > 1] == []
    assert len(names) > 15
