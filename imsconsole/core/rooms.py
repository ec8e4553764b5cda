"""What rooms say of themselves: a module of a certain name in any of them, found without a list of rooms."""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

from django.conf import settings

OTHERS = {"management", "migrations", "templatetags"}  # packages of an app that are no rooms


@cache
def drawers(name: str) -> tuple[ModuleType, ...]:
    """The modules of that name, for instance every `clock.py`: app by app, a room before those within it."""
    return tuple(import_module(module) for module in _modules() if module.endswith(f".{name}"))


@cache
def _modules() -> tuple[str, ...]:
    """The dotted names of all modules, found on the disk once."""
    return tuple(module for app in settings.ROOMS for module in _below(import_module(app)))


def _below(room: ModuleType) -> Iterator[str]:
    found = list(pkgutil.iter_modules(room.__path__, f"{room.__name__}."))
    yield from (each.name for each in found if not each.ispkg)
    for each in found:
        if each.ispkg and each.name.rpartition(".")[2] not in OTHERS:
            yield from _below(import_module(each.name))
