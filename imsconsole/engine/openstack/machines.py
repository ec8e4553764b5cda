"""Machines in Nova: what runs a server. One is made of the server's port and its volumes when it starts, and never has its own.

What keeps twins away is Cinder, which gives a volume to one machine only, and Neutron, which does so with a port. Machines
are found by their tag, whatever became of them.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from imsconsole.core.errors import Conflict, NotFound, Unavailable, Unsupported
from imsconsole.engine.cloud_config import user_data
from imsconsole.engine.openstack.cloud import Cloud, Found
from imsconsole.engine.openstack.flavors import Flavors
from imsconsole.engine.openstack.marks import MACHINE, TOKEN, is_ours, marked, newest_first, parts_of
from imsconsole.engine.openstack.nova import Nova
from imsconsole.engine.openstack.ports import Port, name_of
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import ServerSpec, Work

T = TypeVar("T")
TASK, POWER = "OS-EXT-STS:task_state", "OS-EXT-STS:power_state"
LAUNCHED, VOLUMES = "OS-SRV-USG:launched_at", "os-extended-volumes:volumes_attached"
RUNNING, PAUSED = 1, 3  # of POWER
CONFIRMED_S = 600.0
CD_BUS = "sata"
# the config drive, where systems find it that know no more than virtio
CONFIG_DRIVE = {"hw_cdrom_bus": "scsi", "hw_scsi_model": "virtio-scsi"}
# how a machine that does not run comes to do so, by its status
STARTED_BY: Mapping[str, tuple[str, Mapping[str, str] | None]] = {
    "SHUTOFF": ("os-start", None),
    "SUSPENDED": ("resume", None),
    "SHELVED": ("unshelve", None),
    "SHELVED_OFFLOADED": ("unshelve", None),
    "ERROR": ("reboot", {"type": "HARD"}),
}


class Machines:
    def __init__(self, cloud: Cloud, volumes: Volumes) -> None:
        self._cloud = cloud
        self._console = cloud.settings.console
        self._volumes = volumes
        self.nova = Nova(cloud)
        self.flavors = Flavors(cloud.settings, self.nova)

    # what there is
    def all(self) -> list[Found]:
        """Ours, whatever became of them."""
        return [machine for machine in self.nova.machines() if is_ours(machine["metadata"], self._console)]

    def others(self) -> list[Found]:
        """Those in our project that we did not make."""
        return [
            machine for machine in self.nova.machines() if not is_ours(machine["metadata"], self._console)
        ]

    def of(self, server: UUID) -> list[Found]:
        """A server's, the one to go on with first."""
        there = [
            machine
            for machine in self.nova.machines(tags=name_of(server))
            if is_ours(machine["metadata"], self._console, MACHINE)
        ]
        there.sort(key=lambda machine: str(machine["created"]))
        return newest_first((str(machine["metadata"][TOKEN]), machine) for machine in there)

    def settled(self, server: UUID, work: Work) -> Found | None:
        """The server's only machine, once Nova has nothing left to do on it; None when there is none.

        Twins, and what never came about, are removed.
        """
        there = self.of(server)
        machine = next((each for each in there if not has_failed(each)), None)
        for each in there:
            if each is not machine:
                self.remove(each, work)
        return self.idle(machine["id"], work) if machine and is_busy(machine) else machine

    def idle(self, machine_id: str, work: Work) -> Found | None:
        """A machine once Nova does nothing to it; None when it is gone."""
        return self._cloud.idle(lambda: self._there(machine_id), is_busy, work)

    def _there(self, machine_id: str) -> Found | None:
        machine = self.nova.get(machine_id)
        return None if machine and machine["status"] == "SOFT_DELETED" else machine

    # what is done to them
    def start(self, server: ServerSpec, port: Port, work: Work) -> None:
        """Make one, or start the one there is. Raises NotFound (a disk is gone), NoSpace, Unavailable, Unsupported."""
        _require_able(server)
        twice(lambda: self._started(server, port, work))

    def _started(self, server: ServerSpec, port: Port, work: Work) -> None:
        machine = self.settled(server.id, work)
        if machine and is_running(machine):
            return
        if machine and self._disks_of(server)[0] in _volumes_of(machine):
            self._start(machine, server, work)
            return
        if machine:  # it has the disk of another system
            self.remove(machine, work)
        self._make(server, port, work)

    def _start(self, machine: Found, server: ServerSpec, work: Work) -> None:
        if machine["status"] == "VERIFY_RESIZE":
            machine = self.confirmed(machine, work)
        self._bring_disks(machine, server, work)
        action, values = STARTED_BY.get(machine["status"], STARTED_BY["SHUTOFF"])
        work.hold()
        self.powered(machine, action, values, work, runs=True)

    def powered(
        self, machine: Found, action: str, values: Mapping[str, Any] | None, work: Work, *, runs: bool
    ) -> Found | None:
        """The machine once it is done; what is refused since it `runs` or not by itself meanwhile is done."""
        try:
            return self.done(machine, action, values, work)
        except Conflict:
            there = self.idle(machine["id"], work)
            if runs != bool(there and is_running(there)):
                raise
            return there

    def done(self, machine: Found, action: str, values: Mapping[str, Any] | None, work: Work) -> Found:
        """The machine once that has been done to it. Raises NotFound, Unavailable `machine-failed`."""
        self.nova.act(machine["id"], action, values)
        after = self.idle(machine["id"], work)
        if after is None:
            raise NotFound("no-such-server", ref=machine["id"])
        last = self.nova.actions(after["id"])[0]
        if after["status"] == "ERROR" or last["message"]:
            raise Unavailable("machine-failed", detail=_fault(after) or action)
        return after

    def confirmed(self, machine: Found, work: Work) -> Found:
        """One that has its new size for good. Nova does not say that it is at it; asked twice, it refuses the second time."""
        try:
            self.nova.act(machine["id"], "confirmResize")
        except (Conflict, Unavailable) as error:
            if error.code == "cloud-silent":
                raise
        after = self._cloud.idle(
            lambda: self._there(machine["id"]),
            lambda there: is_busy(there) or there["status"] == "VERIFY_RESIZE",
            work,
            limit_s=CONFIRMED_S,
        )
        if after is None:
            raise NotFound("no-such-server", ref=machine["id"])
        return after

    def _bring_disks(self, machine: Found, server: ServerSpec, work: Work) -> None:
        """A stopped machine gets what its server has got since, and gives back what it has no more."""
        wanted = set(self._disks_of(server))
        has = set(_volumes_of(machine))
        for volume_id in has - wanted:
            self.nova.detach(machine["id"], volume_id)
        for volume_id in sorted(wanted - has):
            self.nova.attach(machine["id"], volume_id)
        for volume_id in has ^ wanted:
            self._volumes.cinder.idle("volumes", volume_id, work)

    def _make(self, server: ServerSpec, port: Port, work: Work) -> None:
        """Asked twice, it is refused the second time, and goes on with the first one's."""
        flavor = self.flavors.of(server)
        self._prepare_system(server)
        values = self._described(server, port, flavor, work.token)
        work.hold()
        try:
            machine_id = self.nova.create(values, server.seed.hostname)
        except (Conflict, Unavailable) as error:
            there = self.of(server.id)
            if error.code == "cloud-silent" or not there:
                raise
            machine_id = there[0]["id"]
        made = self.idle(machine_id, work)
        if made is None or made["status"] == "ERROR":
            detail = _fault(made) if made else ""
            if made and has_failed(made):
                self.remove(made, work)
            raise Unavailable("machine-failed", detail=detail)

    def _prepare_system(self, server: ServerSpec) -> None:
        """Have Nova see in the system disk what it may boot, by which firmware and beside what. Raises NotFound."""
        cinder, volume = self._volumes.cinder, self._volumes.volume(server.disks[0].ref)
        if volume["bootable"] != "true":
            cinder.act(volume["id"], "os-set_bootable", bootable=True)
        said = volume.get("volume_image_metadata") or {}
        wanted = {"hw_firmware_type": server.boot_mode}
        if server.cd_ref:
            # on the same bus the config drive comes after it; a machine starts from the first alone
            wanted["hw_cdrom_bus"] = CD_BUS
        elif "hw_cdrom_bus" not in said:
            wanted |= CONFIG_DRIVE
        if server.multi_queue:
            wanted["hw_vif_multiqueue_enabled"] = "true"
        if not wanted.items() <= said.items():
            cinder.act(volume["id"], "os-set_image_metadata", metadata=wanted)

    def _described(self, server: ServerSpec, port: Port, flavor: Found, token: str) -> dict[str, Any]:
        system, *disks = self._disks_of(server)
        cd = parts_of(server.cd_ref)[1] if server.cd_ref else ""
        drives = [_drive(system, boot_index=0), *map(_drive, (disk for disk in disks if disk != cd))]
        if cd:  # from which it starts as long as its system disk does not
            drives.append(_drive(cd, boot_index=1, device_type="cdrom", disk_bus=CD_BUS))
        values = {
            "name": server.name,
            "flavorRef": flavor["id"],
            "networks": [{"port": port["id"]}],
            "block_device_mapping_v2": drives,
            "config_drive": True,
            "user_data": b64encode(user_data(server.seed)).decode(),
            "metadata": marked(self._console, MACHINE, server.id, token),
            "tags": [name_of(server.id)],
        }
        if zone := self._cloud.settings.zones.get(server.zone):
            values["availability_zone"] = zone
        return values

    def _disks_of(self, server: ServerSpec) -> list[str]:
        """The volumes of a server, the system disk first and its CD last. Raises NotFound."""
        refs = [disk.ref for disk in sorted(server.disks, key=lambda disk: disk.index)]
        return [parts_of(ref)[1] for ref in (*refs, server.cd_ref) if ref]

    def remove(self, machine: Found, work: Work) -> None:
        """Cut its power and delete it; its port and its volumes stay."""
        work.hold()
        self.nova.delete(machine["id"])

        def is_gone() -> bool | None:
            there = self.nova.get(machine["id"])
            if there and there["status"] == "SOFT_DELETED":
                self.nova.act(machine["id"], "forceDelete")
            if there and there["status"] == "ERROR" and not there[TASK]:
                raise Unavailable("machine-failed", detail=_fault(there))
            return None if there else True

        self._cloud.until(is_gone, work)


def twice(do: Callable[[], T]) -> T:
    """What a host fails at is tried again: two machines that start at the same moment may be given the same port, and the like."""
    try:
        return do()
    except Unavailable as error:
        if error.code != "machine-failed":
            raise
    return do()


def _require_able(server: ServerSpec) -> None:
    """Nova's own rules for both differ from cloud to cloud, and nobody tells a member. Raises Unsupported."""
    for feature, code in (("secure_boot", "no-secure-boot"), ("tpm", "no-tpm")):
        if getattr(server, feature):
            raise Unsupported(code)


def is_busy(machine: Found) -> bool:
    """Whether Nova does something to it."""
    return machine["status"] != "ERROR" and bool(machine[TASK] or machine["status"] == "BUILD")


def is_running(machine: Found) -> bool:
    """Whether it has its memory: also while it is paused."""
    return machine[POWER] in (RUNNING, PAUSED)


def has_failed(machine: Found) -> bool:
    """Whether it never came about."""
    return bool(machine["status"] == "ERROR" and not machine[LAUNCHED])


def _drive(volume_id: str, boot_index: int = -1, **more: str) -> dict[str, Any]:
    where = {"source_type": "volume", "destination_type": "volume", "delete_on_termination": False}
    return {"uuid": volume_id, "boot_index": boot_index, **where, **more}


def _volumes_of(machine: Found) -> list[str]:
    return [str(each["id"]) for each in machine[VOLUMES]]


def _fault(machine: Found) -> str:
    """What Nova says of why it failed; a sentence of ours goes on after it."""
    return str((machine.get("fault") or {}).get("message", "")).rstrip(". ")
