"""A slow and asynchronous engine, as a cloud is: the local one behind all that it may lack and do otherwise.

* Every verb that is told its work polls some times before and after, says that it is alive, and tells no bytes.
* References are the cloud's, and new after each verb that may change them; they are kept in a file, for all processes.
* A log begins anew at each start. How long a guest may take to power off is the cloud's affair.
* No encryption, no tray, no serial console, no growing in use; nothing is measured, and neither space nor memory is known.

A region has it whose `engine` is "slow"; workers of tests know it as well (`tests.support.workers`).
"""

import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from imsconsole.cloud.engines import local_engine
from imsconsole.core.errors import Unsupported
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.state import SERIAL_LOG
from imsconsole.engine.local.store import RUN
from imsconsole.engine.types import Capabilities, DiskSpec, Power, ServerSpec, ServerState, Work
from tests.support.elsewhere import CloudEngine

POLLS = 3
GRACE_S = 0.1
LACKS = {
    "encryption": False, "tray": False, "serial": False, "grow_in_use": False, "instant_copy": False,
    "resumable_transfer": False, "byte_progress": False, "stop_grace": False, "measures": frozenset(), "memory_mb": 0,
}  # fmt: skip
GOES_ON = {"start", "stop", "resize", "grow_disk", "attach", "detach"}  # after it is done, too
LACKING = {"mount_iso": "no-trays", "eject_iso": "no-trays", "serial_endpoint": "no-serial-console"}


@dataclass
class Alive:
    """Work that hears of no bytes."""

    work: Work

    @property
    def token(self) -> str:
        return self.work.token

    def report(self, _done: int, total: int) -> None:
        self.work.report(0, total)

    def hold(self) -> None:
        self.work.hold()

    def poll(self) -> None:
        for _ in range(POLLS):
            self.work.report(0, 0)


class SlowEngine(CloudEngine):
    def __init__(self, engine: LocalEngine, place: Path) -> None:
        super().__init__(engine)
        self._place = place
        with self._refs() as refs:
            refs.execute(
                "CREATE TABLE IF NOT EXISTS refs (number INTEGER PRIMARY KEY, here TEXT, there TEXT UNIQUE)"
            )
            refs.execute("CREATE TABLE IF NOT EXISTS starts (number INTEGER PRIMARY KEY, here TEXT)")

    # what there is
    def capabilities(self) -> Capabilities:
        able = self.engine.capabilities()
        return replace(able, **LACKS, accelerator=able.accelerator and "cloud")

    def free_space(self) -> None:
        return None

    @property
    def _store(self) -> Any:
        """Where things lie beneath it, for tests that look at bytes."""
        return Beneath(self)

    def uses(self, _refs: Any, *, limit_s: float) -> dict[str, Any]:
        return {}

    # verbs
    def start(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        here = self._local(self._now(server.ref))
        if self.engine.states([here])[here].power is Power.STOPPED:
            with suppress(FileNotFoundError):
                os.truncate(self.engine._store.server(here) / RUN / SERIAL_LOG, 0)
            with self._refs() as refs:
                refs.execute("INSERT INTO starts (here) VALUES (?)", (here,))
        return self._called("start", server, work=work)

    def stop(self, ref: str, *, work: Work, **_hurry: Any) -> ServerState:
        self._called("stop", ref, work=work, graceful_s=GRACE_S)
        return self._state(self._local(ref))

    def reboot(self, server: ServerSpec, *, work: Work, **hurry: Any) -> ServerSpec:
        self.stop(self._now(server.ref), work=work, **hurry)
        return self.start(server, work=work)

    def states(self, refs: Any) -> dict[str, ServerState]:
        return {ref: self._state(self._local(ref)) for ref in refs}

    def _state(self, here: str) -> ServerState:
        """Why something is so, nobody tells."""
        state = self.engine.states([here])[here]
        start = self._one("SELECT number FROM starts WHERE here = ? ORDER BY number DESC LIMIT 1", here)
        return replace(state, reason="", pid=None, console=replace(state.console, start=str(start)))

    def _called(self, verb: str, *args: Any, work: Work | None = None, **kwargs: Any) -> Any:
        if verb == "capture_bytes":
            args = (list(args[0]),)
        if verb in LACKING:
            raise Unsupported(LACKING[verb])
        if kwargs.get("key") or kwargs.get("new_key") or any(map(_is_locked, args)):
            raise Unsupported("no-encryption")
        if verb == "start" and args[0].secure_boot and not self.capabilities().secure_boot:
            raise Unsupported("no-secure-boot")
        if verb == "grow_disk" and kwargs.get("server"):
            raise Unsupported("no-grow-in-use")
        if work is None:
            return super()._called(verb, *args, **kwargs)
        alive = Alive(work)
        if verb != "capture":  # which polls by itself
            alive.poll()
        made = super()._called(verb, *map(self._present, args), work=alive, **kwargs)
        if verb in GOES_ON:
            alive.poll()
        return made

    def _present(self, value: Any) -> Any:
        """What a spec means is found by its ID, whatever reference it has."""
        if isinstance(value, DiskSpec):
            return replace(value, ref=self._now(value.ref))
        if isinstance(value, ServerSpec):
            return replace(value, ref=self._now(value.ref), disks=tuple(map(self._present, value.disks)))
        if isinstance(value, Mapping):
            return {key: self._present(each) for key, each in value.items()}
        return value

    # references
    @contextmanager
    def _refs(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._place, timeout=20)) as refs, refs:
            yield refs

    def _number(self) -> int:
        """Which no other process has, for what it creates."""
        with self._refs() as refs:
            return int(refs.execute("INSERT INTO starts (here) VALUES ('')").lastrowid or 0)

    def _one(self, question: str, *values: str) -> str:
        with self._refs() as refs:
            found = refs.execute(question, values).fetchone()
        return found[0] if found else ""

    def _local(self, ref: str) -> str:
        here = self._one("SELECT here FROM refs WHERE there = ?", ref)
        return here if here and self._last(here) == ref else super()._local(ref)

    def _now(self, ref: str) -> str:
        here = self._one("SELECT here FROM refs WHERE there = ?", ref)
        return self._last(here) if here else ref

    def _last(self, here: str) -> str:
        return self._one("SELECT there FROM refs WHERE here = ? ORDER BY number DESC LIMIT 1", here)

    def _known(self, ref: str) -> str:
        return self._last(ref) or self._renamed(ref)

    def _renamed(self, ref: str) -> str:
        if (there := super()._renamed(ref)) == ref:
            return ref
        there = f"{there.partition('.')[0]}.{uuid.uuid4().hex[:8]}"
        with self._refs() as refs:
            refs.execute("INSERT INTO refs (here, there) VALUES (?, ?)", (ref, there))
        return there


@dataclass
class Beneath:
    """The local store, asked by the cloud's references."""

    engine: SlowEngine

    def __getattr__(self, what: str) -> Any:
        path_of = getattr(self.engine.engine._store, what)
        return lambda ref: path_of(self.engine._local(ref))


def _is_locked(value: Any) -> bool:
    disks = getattr(value, "disks", (value,))
    return any(getattr(disk, "key", None) for disk in disks)


def slow_engine(code: str) -> SlowEngine:
    """What `settings.ENGINES` makes of "slow"."""
    refs = Path(os.environ["IMS_TEST_DIR"], f"slow-{settings.DATA_DIR.name}-{code}.sqlite")
    return SlowEngine(local_engine(code), refs)
