"""A region as a whole, for who compares it with rows or clears it: all places where its machines and disks are, as one engine."""

from uuid import UUID

from imsconsole.accounts.models import OPENSTACK, Region
from imsconsole.cloud.engines import engine_for, engine_name_of
from imsconsole.cloud.models import AccountCloud
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Inventory, Kind, ServerState, Work

SETS = ("stored", "servers", "disks", "scraps", "strays", "running")


class WholeRegion:
    """`find`, `inventory` and `sweep` of all places; what is done to a reference its place does that had it in its inventory."""

    def __init__(self, region: Region | str, *, silent: bool = True) -> None:
        """`silent`: with the places that did not answer when they were asked last."""
        rows = AccountCloud.objects.all() if silent else AccountCloud.objects.filter(error_code="")
        names = rows.names_in(region) if engine_name_of(region) == OPENSTACK else []
        self.engines: list[Engine] = [engine_for(region, name) for name in ("", *names)]
        self._where: dict[str, Engine] = {}

    def inventory(self) -> Inventory:
        """Raises what one of them raises: what is not there is nowhere."""
        there = [(engine, engine.inventory()) for engine in self.engines]
        self._where = {
            ref: engine
            for engine, found in reversed(there)
            for ref in found.stored | found.servers | found.disks | found.strays
        }
        sets = {name: frozenset().union(*(getattr(found, name) for _, found in there)) for name in SETS}
        return Inventory(**sets, marks={ref: mark for _, found in there for ref, mark in found.marks.items()})

    def find(self, kind: Kind, id: UUID) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ref for engine in self.engines for ref in engine.find(kind, id)))

    def sweep(self, token: str) -> None:
        for engine in self.engines:
            engine.sweep(token)

    def delete(self, ref: str, *, work: Work) -> None:
        self._of(ref).delete(ref, work=work)

    def delete_disk(self, ref: str, *, work: Work) -> None:
        self._of(ref).delete_disk(ref, work=work)

    def delete_server(self, ref: str, *, work: Work) -> None:
        self._of(ref).delete_server(ref, work=work)

    def remove_stray(self, name: str) -> None:
        self._of(name).remove_stray(name)

    def stop(self, ref: str, *, graceful_s: float, work: Work) -> ServerState:
        return self._of(ref).stop(ref, graceful_s=graceful_s, work=work)

    def _of(self, ref: str) -> Engine:
        return self._where.get(ref, self.engines[0])
