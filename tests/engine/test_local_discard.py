"""Removing what interrupted work left, itself interrupted before each of its calls of the system."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, DiskSpec
from tests.engine.contract import nothing_in
from tests.engine.contract_discard import store
from tests.engine.guests import TestWork, server_spec
from tests.support.faults import Crash

CHANGES = {"rename", "replace", "unlink", "rmdir"}


@contextmanager
def killed_at(number: int) -> Iterator[None]:
    """The process is gone before the `number`-th change to names of files."""
    left = number

    def watch(_frame: FrameType, event: str, called: Any) -> None:
        nonlocal left
        if event == "c_call" and called.__module__ == "posix" and called.__name__ in CHANGES:
            left -= 1
            if left == 0:
                raise Crash

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_a_removal_that_was_killed_anywhere_is_ended_by_the_next(local: LocalEngine, place: Path) -> None:
    work, ids = TestWork(), [uuid4() for _ in range(4)]
    kept = local.create_server(server_spec(), work=TestWork())
    store(local, place, ids[0], work)
    local.create_disk(ids[1], MIB, work=work)
    base = store(local, place, uuid4(), TestWork())
    local.create_server(server_spec(id=ids[2]), work=work)
    local.switch_system_disk(kept, DiskSpec(ids[3], "", 0, GIB), base, work=work)
    local.delete(base, work=TestWork())
    number = 0
    while True:
        number += 1
        shutil.copytree(place / "region", place / f"copy-{number}")
        engine = LocalEngine(place / f"copy-{number}", memory_mb=2048)
        try:
            with killed_at(number):
                engine.discard(ids, work.token, server=kept.id, work=TestWork())
        except Crash:
            engine.discard(ids, work.token, server=kept.id, work=TestWork())
        else:
            break
        finally:
            there = engine.inventory()
            assert (there.servers, there.disks) == ({kept.ref}, {kept.disks[0].ref})
            assert not there.stored | there.scraps | there.strays
    assert number > 10
    assert not nothing_in(local)
