"""Servers: each is its port and its volumes. Those keep its MAC, its address and its content while its machines come and go."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from imsconsole.core.errors import Conflict, NotFound
from imsconsole.engine.openstack.cloud import Cloud, Found
from imsconsole.engine.openstack.consoles import Consoles
from imsconsole.engine.openstack.machines import Machines, is_running, twice
from imsconsole.engine.openstack.marks import CD, DISK, ID, SYSTEM, TOKEN, mark_of, moment_of, parts_of
from imsconsole.engine.openstack.ports import Port, Ports, address_of, marks_of, port_ref
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import (
    Asked,
    DiskSpec,
    Foreign,
    Kind,
    Mark,
    Power,
    ServerSpec,
    ServerState,
    Work,
)


class Servers:
    kind = Kind.SERVER

    def __init__(self, cloud: Cloud, volumes: Volumes) -> None:
        self._cloud = cloud
        self._volumes = volumes
        self._ports = Ports(cloud)
        self.machines = Machines(cloud, volumes)
        self._nova = self.machines.nova
        self.consoles = Consoles(cloud.settings, self._nova)

    # what there is
    def all(self) -> Mapping[str, Mark]:
        return {port_ref(port): mark_of(marks_of(port)) for port in self._ports.all()}

    def found(self, id: UUID) -> tuple[str, ...]:
        return tuple(map(port_ref, self._ports.of(id)))

    def running(self) -> frozenset[str]:
        there = {str(machine["metadata"][ID]) for machine in self.machines.all() if is_running(machine)}
        return frozenset(ref for ref, mark in self.all().items() if str(mark.id) in there)

    def scraps(self) -> frozenset[str]:
        return frozenset()

    def foreign(self) -> Iterable[Foreign]:
        """Those of the cloud's own services are its own."""
        for machine in self.machines.others():
            yield Foreign("server", str(machine["id"]), str(machine["name"]), moment_of(machine["created"]))
        for port in self._ports.others():
            if not str(port["device_owner"]).startswith(("network:", "compute:")):
                yield Foreign("port", str(port["id"]), str(port["name"]), moment_of(port["created_at"]))

    def sweep(self, token: str, *, keep_captures: bool) -> None:
        """Nothing is needed for a while only."""

    def discard(self, ids: frozenset[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        """One goes with all that was ever its own."""
        for id in ids:
            made = [port for port in self._ports.of(id) if marks_of(port)[TOKEN].startswith(token)]
            if made:
                self._remove(id, (SYSTEM, DISK, CD), made, work)

    # one of them
    def create(self, server: ServerSpec, image_ref: str, *, work: Work) -> ServerSpec:
        """Its volumes, then its port: with that it is there. No machine is made of them yet."""
        cd_ref = self._volumes.create_cd(server.id, server.cd_ref, work=work) if server.cd_ref else ""
        system = self._volumes.create_system(server.id, server.disks[0], image_ref, work=work)
        return self.with_port(replace(server, cd_ref=cd_ref), replace(server.disks[0], ref=system), work)

    def with_port(self, server: ServerSpec, system: DiskSpec, work: Work) -> ServerSpec:
        """The spec as it is there, with that system disk. A server that has lost its port gets another."""
        port = self._ports.made(server, work)
        return replace(
            server,
            ref=port_ref(port),
            mac=str(port["mac_address"]),
            private_ip=address_of(port) or server.private_ip,
            disks=(system, *server.disks[1:]),
        )

    def delete(self, ref: str, *, work: Work) -> None:
        """Its port last: as long as that is there, so is the server."""
        try:
            id, _port = parts_of(ref)
        except NotFound:
            return
        work.hold()
        self._remove(id, (SYSTEM, CD), self._ports.of(id), work)

    def _remove(self, id: UUID, kinds: tuple[str, ...], ports: Iterable[Port], work: Work) -> None:
        for machine in self.machines.of(id):
            self.machines.remove(machine, work)
        self._volumes.remove_of(id, *kinds, work=work)
        for port in ports:
            self._ports.delete(port)

    # power
    def start(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        work.hold()
        self.machines.start(server, self._ports.get(server.ref), work)
        return server

    def stop(self, ref: str, *, work: Work) -> ServerState:
        """Its host decides how long its system may take, whatever is asked for."""
        id = mark_of(marks_of(self._ports.get(ref))).id
        work.report(0, 0)
        machine = self.machines.settled(id, work)
        if machine is None or not is_running(machine):
            return self._state(machine)
        mark = self.consoles.mark(machine)  # Nova tells no log of what is stopped
        work.hold()
        stopped = self.machines.powered(machine, "os-stop", None, work, runs=False)
        return replace(self._state(stopped), console=mark)

    def reboot(self, server: ServerSpec, *, graceful_s: float, work: Work, is_forced: Asked) -> ServerSpec:
        """Its host decides how long its system may take for it, and then does it by force: until then it does nothing else."""
        work.report(0, 0)
        return twice(lambda: self._rebooted(server, graceful_s, work, is_forced))

    def _rebooted(self, server: ServerSpec, graceful_s: float, work: Work, is_forced: Asked) -> ServerSpec:
        machine = self.machines.settled(server.id, work)
        if machine is None or not is_running(machine):
            return self.start(server, work=work)
        softly = graceful_s and machine["status"] == "ACTIVE" and not is_forced()
        work.hold()
        self.machines.done(machine, "reboot", {"type": "SOFT" if softly else "HARD"}, work)
        return server

    # what can be seen
    def states(self, refs: Iterable[str]) -> dict[str, ServerState]:
        """In two calls, and two more for the console of one that is asked about alone."""
        refs = list(refs)
        known = {ref: id for ref in refs if (id := _id_of(ref))}
        states = dict.fromkeys(refs, ServerState(Power.MISSING))
        if not known:
            return states
        only = next(iter(known.values())) if len(known) == 1 else None
        ports = self._ports.of(only) if only else self._ports.all()
        machines = self.machines.of(only) if only else self.machines.all()
        there = {str(machine["metadata"][ID]): machine for machine in reversed(machines)}
        for port in ports:
            if (ref := port_ref(port)) in known:
                machine = there.get(str(known[ref]))
                states[ref] = self._state(machine) if only else ServerState(_power_of(machine))
        return states

    def _state(self, machine: Found | None) -> ServerState:
        return ServerState(_power_of(machine), console=self.consoles.mark(machine))

    def machine(self, ref: str) -> Found | None:
        """A server's machine, if it has one. Raises NotFound."""
        found = str(self._ports.get(ref)["device_id"])
        return self._nova.get(found) if found else None

    def running_machine(self, ref: str) -> Found:
        """Raises NotFound, Conflict `server-not-running`."""
        machine = self.machine(ref)
        if machine is None or not is_running(machine):
            raise Conflict("server-not-running", server=ref)
        return machine


def _power_of(machine: Found | None) -> Power:
    return Power.RUNNING if machine and is_running(machine) else Power.STOPPED


def _id_of(ref: str) -> UUID | None:
    try:
        return parts_of(ref)[0]
    except NotFound:
        return None
