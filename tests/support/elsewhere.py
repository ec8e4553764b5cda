"""An engine as on a cloud: its references are the cloud's own, and change; whoever keeps an old one has nothing.

    with cloud_engine() as cloud:
        server = running_server(people.bob)
    assert server.ref.startswith(f"{server.pk}.")

It is the local engine behind references like `<our id>.<cloud id>`, kept in the memory of the test's own process. Every
verb that returns a whole server, or a disk's reference, gives new ones. With `foreign` it lists what others have there; when it `is_full`
an exchange of the system disk leaves the disks, and no machine.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import Unavailable
from imsconsole.engine.api import Engine
from imsconsole.engine.local.store import DISK_REF, SERVER_REF, STORED_REF, SYSTEM_REF
from imsconsole.engine.refs import UUID_PATTERN
from imsconsole.engine.types import Inventory, Kind, ServerSpec, Work
from tests.support.engines import engine_of_region

LOCAL = re.compile(
    "|".join(each.pattern for each in (STORED_REF, DISK_REF, SYSTEM_REF, SERVER_REF))
    + rf"|{UUID_PATTERN}/(?:cd|tray)\.iso"
)
REGION = "cn-north-4"
REFS = ("ref", "cd_ref", "iso_ref")  # fields of the plain values
VALUES = ("disks", "stored", "servers", "running", "marks")
CHANGING = (
    "create_server",
    "resize",
    "switch_system_disk",
    "grow_disk",
    "start",
    "reboot",
    "attach",
)


class CloudEngine:
    """`engine` behind other references: of what a verb returns, and back in what it is given."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._here: dict[str, str] = {}
        self._there: dict[str, str] = {}
        self._numbers = count(1)
        self.foreign: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        self.touched: list[tuple[str, str]] = []
        self.is_full = False  # no machine can be made, and one that is made anew is deleted before
        self._without: set[UUID] = set()

    def inventory(self) -> Inventory:
        there = self._called("inventory")
        names = {Kind.STORED: "stored", Kind.DISK: "disks", Kind.SERVER: "servers"}
        mixed = {name: getattr(there, name) | self.foreign[kind] for kind, name in names.items()}
        gone = {there for there, here in self._here.items() if here in map(str, self._without)}
        mixed["servers"] -= gone
        return replace(there, **mixed, running=there.running | self.foreign[Kind.SERVER])

    def find(self, kind: Kind, id: UUID) -> tuple[str, ...]:
        """A server whose machine is deleted is not there; its disks are."""
        return () if kind is Kind.SERVER and id in self._without else self._called("find", kind, id)

    def create_server(self, server: ServerSpec, *args: Any, work: Work) -> ServerSpec:
        """Its network gives the addresses."""
        made: ServerSpec = self._called("create_server", server, *args, work=work)
        high, low = divmod(self._number(), 250)
        return replace(made, private_ip=f"10.7.{high}.{low + 1}", mac=f"fa:16:3e:0a:{high + 7:02x}:{low:02x}")

    def _number(self) -> int:
        return next(self._numbers)

    def switch_system_disk(self, server: ServerSpec, *args: Any, work: Work) -> ServerSpec:
        if not self.is_full:
            made = self._called("switch_system_disk", server, *args, work=work)
            self._without.discard(server.id)
            return made
        self.engine.switch_system_disk(*(_mapped(each, self._local) for each in (server, *args)), work=work)
        self._without.add(server.id)
        self._here.pop(server.ref, None)
        self._there.pop(str(server.id), None)
        raise Unavailable("no-guest-memory", needed_mb=64, free_mb=0)

    def __getattr__(self, verb: str) -> Any:
        return partial(self._called, verb)

    def _called(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        theirs = {ref for refs in self.foreign.values() for ref in refs}
        self.touched += [(verb, each) for each in args if isinstance(each, str) and each in theirs]
        given = [_mapped(each, self._local) for each in args]
        named = {name: _mapped(each, self._local) for name, each in kwargs.items()}
        result = getattr(self.engine, verb)(*given, **named)
        return _mapped(result, self._renamed if verb in CHANGING else self._known)

    def _local(self, ref: str) -> str:
        """One that is not known, or not any more, is one of nothing."""
        return self._here.get(ref, "gone" if LOCAL.fullmatch(ref) else ref)

    def _known(self, ref: str) -> str:
        return self._there.get(ref) or self._renamed(ref)

    def _renamed(self, ref: str) -> str:
        if not LOCAL.fullmatch(ref):
            return ref
        self._here.pop(self._there.get(ref, ""), None)
        there = f"{re.findall(UUID_PATTERN, ref)[-1]}.{next(self._numbers):04}"
        self._here[there], self._there[ref] = ref, there
        return there


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_mapped(key, change): _mapped(each, change) for key, each in value.items()}
    if isinstance(value, Set):
        return frozenset(_mapped(each, change) for each in value)
    if isinstance(value, list | tuple):
        return tuple(_mapped(each, change) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in fields(value)}
        return replace(
            value,
            **{name: change(getattr(value, name)) for name in names.intersection(REFS)},
            **{name: _mapped(getattr(value, name), change) for name in names.intersection(VALUES)},
        )
    return value


@contextmanager
def cloud_engine() -> Iterator[CloudEngine]:
    """Put one in the place of the tests' region's own."""
    cloud = CloudEngine(engine_for(REGION))
    with engine_of_region(REGION, cloud):
        yield cloud
