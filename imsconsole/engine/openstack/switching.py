"""What a stopped server becomes: one of another system, or of another size.

For another system its machine is deleted, and what it has is kept; the next start makes one of that. For another size the
machine stays, for its system takes a new one for another server's and sets itself up anew.
"""

from dataclasses import replace

from imsconsole.core.errors import Conflict
from imsconsole.engine.openstack.cloud import Found
from imsconsole.engine.openstack.machines import Machines, is_running
from imsconsole.engine.openstack.marks import ID, SYSTEM, ref_of
from imsconsole.engine.openstack.servers import Servers
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import DiskSpec, ServerSpec, Work


class Switching:
    def __init__(self, servers: Servers, volumes: Volumes) -> None:
        self._servers, self._volumes = servers, volumes
        self._machines: Machines = servers.machines

    def switch_system_disk(
        self, server: ServerSpec, incoming: DiskSpec, image_ref: str, *, work: Work
    ) -> ServerSpec:
        """The incoming disk is whole before the machine goes. Until the end the server's marks name its former one."""
        machine = self._stopped(server, work)
        if image_ref:
            ref = self._volumes.create_system(server.id, incoming, image_ref, work=work)
        else:
            ref = ref_of(incoming.id, self._volumes.volume(incoming.ref)["id"])
        if machine:
            self._machines.remove(machine, work)
        work.hold()
        for volume in self._volumes.of_server(server.id, SYSTEM):
            if (former := ref_of(volume["metadata"][ID], volume["id"])) != ref:
                self._volumes.keep(former)
        self._volumes.promote(ref)
        return self._servers.with_port(server, replace(incoming, ref=ref), work)

    def resize(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        """Where there is no machine, its next one is made of the spec."""
        self._servers.machine(server.ref)
        machine = self._stopped(server, work)
        flavor = self._machines.flavors.of(server)
        if machine and machine["flavor"]["original_name"] != flavor["name"]:
            work.hold()
            machine = self._machines.done(machine, "resize", {"flavorRef": flavor["id"]}, work)
        if machine and machine["status"] == "VERIFY_RESIZE":
            self._machines.confirmed(machine, work)
        return server

    def _stopped(self, server: ServerSpec, work: Work) -> Found | None:
        """Its machine, if it has one. Raises Conflict `server-running`."""
        machine = self._machines.settled(server.id, work)
        if machine and is_running(machine):
            raise Conflict("server-running", server=server.ref)
        return machine
