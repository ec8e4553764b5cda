"""Create, rename, delete, attach, detach and grow disks. Each asks its rule with the rows locked."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.disks.jobs import (
    AttachDisk,
    CreateDisk,
    DeleteDisk,
    DetachDisk,
    DiskKind,
    GrowDisk,
    give_place,
)
from imsconsole.cloud.disks.rules import (
    can_attach_to,
    can_delete_disk,
    can_detach_disk,
    can_grow_to,
    can_order_disk,
    can_rename_disk,
    can_tag_disk,
)
from imsconsole.cloud.models import Disk, Key, Server
from imsconsole.cloud.names import server_name
from imsconsole.cloud.tags.services import Tagging
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job

TAGS = Tagging[Disk](Disk.objects.for_change, can_tag_disk)


@service("createDisk")
def create_disk(
    *, name: str, size_gb: int, zone: AvailabilityZone, key: Key | None = None, actor: Actor
) -> Disk:
    """A blank data disk of a zone, encrypted with `key` or not at all. Raises Refused, ValidationError (name)."""
    lock_project(actor.project)
    can_order_disk(size_gb, zone, actor, key).require()
    server_name(name)
    disk = Disk.objects.create(
        project=actor.project, zone=zone, name=name, role=Disk.Role.DATA, size_gb=size_gb, key=key
    )
    return _begin(CreateDisk, disk, actor)


@service("renameDisk")
def rename_disk(disk: Disk, *, name: str, actor: Actor) -> Disk:
    """Give a disk another name. Raises Refused, NotFound, ValidationError (name)."""
    disk = _locked(disk, actor)
    can_rename_disk(disk, actor).require()
    server_name(name)
    disk.name = name
    disk.save(update_fields=["name"])
    return disk


@service("deleteDisk")
def delete_disk(disk: Disk, *, actor: Actor) -> Disk:
    """Delete a data disk and everything on it. Raises Refused, NotFound, Conflict."""
    disk = _locked(disk, actor)
    can_delete_disk(disk, actor).require()
    return _begin(DeleteDisk, disk, actor)


@service("attachDisk")
def attach_disk(disk: Disk, *, server: Server, actor: Actor) -> Disk:
    """Attach an available disk to a server of its AZ. Raises Refused, NotFound, Conflict."""
    server = locked(Server.objects.for_change(actor), server.pk)
    disk = locked(Disk.objects.for_change(actor), disk.pk)
    can_attach_to(disk, server, actor).require()
    start_job(AttachDisk, server, actor=actor, disk_id=str(disk.pk))
    give_place(disk, server)
    return disk


@service("detachDisk")
def detach_disk(disk: Disk, *, actor: Actor) -> Disk:
    """Take a data disk from its server; what is on it stays. Raises Refused, NotFound, Conflict."""
    disk = _locked(disk, actor)
    can_detach_disk(disk, actor).require()
    return _begin(DetachDisk, disk, actor)


@service("growDisk")
def grow_disk(disk: Disk, *, size_gb: int, actor: Actor) -> Disk:
    """Make a disk larger. The difference is reserved of the quota. Raises Refused, NotFound, Conflict."""
    lock_project(actor.project)
    disk = _locked(disk, actor)
    can_grow_to(disk, size_gb, actor).require()
    return _begin(GrowDisk, disk, actor, {"disk_gb": size_gb - disk.size_gb}, size_gb=size_gb)


def _begin(
    kind: type[DiskKind], disk: Disk, actor: Actor, reserves: dict[str, int] | None = None, **args: int
) -> Disk:
    """The work holds the server as well, when the disk has one."""
    start_job(kind, disk.server or disk, actor=actor, reserves=reserves, disk_id=str(disk.pk), **args)
    disk.status = kind.busy
    disk.save(update_fields=["status"])
    return disk


def _locked(disk: Disk, actor: Actor) -> Disk:
    """The disk as it is now, locked with its server. Raises NotFound, Conflict."""
    seen = Disk.objects.visible_to(actor).existing().filter(pk=disk.pk).values_list("server_id", flat=True)
    server = locked(Server.objects.for_change(actor), seen[0]) if seen and seen[0] else None
    row = locked(Disk.objects.for_change(actor), disk.pk)
    if row.server_id != (server.pk if server else None):
        raise Conflict
    row.server = server
    return row
