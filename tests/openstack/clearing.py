"""Removes what tests made in a cloud: all that has the name of their console somewhere in what the cloud says of it."""

import os
import re
import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

from openstack import exceptions
from openstack.connection import Connection

NUMBERS = count(1)
CONSOLE = re.compile(r"ims-test-(\d+)-\d+")
LIMIT_S = 120


def console_of_test() -> str:
    return f"ims-test-{os.getpid()}-{next(NUMBERS)}"


def clear(cloud: Connection, console: str) -> None:
    """Ends with none of it there. Nothing but a name of tests is taken for one: all that has it goes."""
    assert CONSOLE.fullmatch(console), console
    named = re.compile(rf"{re.escape(console)}(?!\d)")
    _remove(cloud, lambda thing: named.search(thing) is not None)


def clear_what_the_dead_left(cloud: Connection) -> None:
    """Things of consoles of processes that are no more."""

    def is_left(thing: str) -> bool:
        found = CONSOLE.search(thing)
        return found is not None and not Path(f"/proc/{found[1]}").exists()

    _remove(cloud, is_left)


def _remove(cloud: Connection, is_meant: Callable[[str], bool]) -> None:
    """Servers first, which have the others."""
    kinds: list[tuple[Callable[[], Iterable[Any]], Callable[[Any], Any]]] = [
        (cloud.compute.servers, lambda server: cloud.compute.delete_server(server, force=False)),
        (cloud.network.ports, cloud.network.delete_port),
        (cloud.block_storage.snapshots, cloud.block_storage.delete_snapshot),
        (cloud.block_storage.volumes, lambda volume: _delete_volume(cloud, volume)),
        (lambda: cloud.image.images(owner=cloud.current_project_id), cloud.image.delete_image),
    ]
    for everything, delete in kinds:
        end = time.monotonic() + LIMIT_S
        while left := [each for each in everything() if is_meant(str(each.to_dict()))]:
            for each in left:
                try:
                    delete(each)
                except (
                    exceptions.ConflictException,
                    exceptions.BadRequestException,
                    exceptions.NotFoundException,
                ):
                    assert time.monotonic() < end, f"this stays: {each}"
            assert time.monotonic() < end, f"these stay: {left}"
            time.sleep(0.3)


def _delete_volume(cloud: Connection, volume: Any) -> None:
    """One that is in error, or attached to what is no more, is deleted all the same."""
    if volume.status in ("deleting", "detaching", "creating", "downloading"):
        return
    cloud.block_storage.delete_volume(volume)
