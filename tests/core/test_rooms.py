"""What rooms own is found in them, at any depth, and belongs to one of them."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

from imsconsole.core.rooms import OTHERS, drawers


@pytest.mark.parametrize("name", ["clock", "quotas", "sentences"])
def test_every_module_of_that_name_is_found(name: str) -> None:
    folders = [Path(str(import_module(app).__file__)).parent for app in settings.ROOMS]
    written = {
        path for folder in folders for path in folder.rglob(f"{name}.py") if path.parent.name not in OTHERS
    }
    assert {Path(str(module.__file__)) for module in drawers(name)} == written
    assert len(written) > 1


@pytest.mark.parametrize(("name", "what"), [("sentences", "SENTENCES"), ("quotas", "COUNTS")])
def test_nothing_belongs_to_two_rooms(name: str, what: str) -> None:
    owners = Counter(key for module in drawers(name) for key in getattr(module, what, ()))
    assert [key for key, rooms in owners.items() if rooms > 1] == []
    assert owners


def test_no_two_rooms_have_periodic_work_of_the_same_name() -> None:
    names = Counter(work.name for module in drawers("clock") for work in getattr(module, "PERIODIC", ()))
    assert [name for name, rooms in names.items() if rooms > 1] == []
    assert len(names) > 15
