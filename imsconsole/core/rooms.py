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
    return tuple(module for app in settings.ROOMS for module in _below(import_module(app), name))


def _below(room: ModuleType, name: str) -> Iterator[ModuleType]:
    found = {each.name: each.ispkg for each in pkgutil.iter_modules(room.__path__)}
    if found.get(name) is False:
        yield import_module(f"{room.__name__}.{name}")
    for within, is_room in found.items():
        if is_room and within not in OTHERS:
            yield from _below(import_module(f"{room.__name__}.{within}"), name)
