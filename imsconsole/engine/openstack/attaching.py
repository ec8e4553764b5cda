"""Disks that come to a server and leave it: attachments in Nova, at a machine that is there, running or not.

A server without one has its disks all the same: its next machine is made of what its spec has then.
"""

import time

from imsconsole.core.errors import Conflict, NotFound, Unavailable
from imsconsole.engine.openstack.cloud import Found
from imsconsole.engine.openstack.machines import Machines
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import DiskSpec, ServerSpec, Work


class Attaching:
    def __init__(self, machines: Machines, volumes: Volumes) -> None:
        self._machines = machines
        self._nova = machines.nova
        self._volumes = volumes
        self._cinder = volumes.cinder

    def attach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> str:
        """Raises NotFound, Conflict `attach-failed`, Unavailable."""
        volume = self._settled(disk, work)
        machine = self._machines.settled(server.id, work)
        if machine is None or machine["id"] in _holders(volume):
            return disk.ref
        work.hold()
        try:
            self._nova.attach(machine["id"], volume["id"])
        except (Conflict, Unavailable) as error:
            if error.code == "cloud-silent":
                raise
            raise Conflict("attach-failed", detail=error.values["detail"]) from error
        if machine["id"] not in _holders(self._settled(disk, work)):
            raise Conflict("attach-failed", detail=volume["status"])
        return disk.ref

    def detach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> None:
        """One that is gone is detached. Raises Conflict `guest-holds-disk`, Unavailable.

        It is asked once, and may be asked by its host for minutes: as long as that takes it is waited for.
        """
        machine = self._machines.settled(server.id, work)
        try:
            volume = self._volumes.volume(disk.ref)
        except NotFound:
            return
        if machine is None or machine["id"] not in _holders(volume):
            return
        began = time.monotonic()
        if volume["status"] != "detaching":
            work.hold()
            self._nova.detach(machine["id"], volume["id"])
        left = self._cinder.idle("volumes", volume["id"], work)
        if left and machine["id"] in _holders(left):
            raise Conflict("guest-holds-disk", seconds=int(time.monotonic() - began))

    def _settled(self, disk: DiskSpec, work: Work) -> Found:
        """Raises NotFound."""
        return self._cinder.whole("volumes", self._volumes.volume(disk.ref)["id"], work)


def _holders(volume: Found) -> set[str]:
    """The machines that have it."""
    return {str(each["server_id"]) for each in volume["attachments"]}
