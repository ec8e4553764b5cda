"""Capture: a server's disks, or a disk that no server has, become private images (ims-facts §2.1, §2.3, §2.5)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from images.capture.jobs import CaptureImage, occupy
from images.capture.rules import can_capture
from images.fields.insert import insert_image
from images.fields.rules import boot_mode_fits, memory_fits
from images.models import Image, OsVersion
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.disks.rules import can_capture_disk, can_capture_disks, can_capture_server
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.tags.rules import tags_fit
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked, locked_all, locked_many
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job

Tags = Mapping[str, str]


@service("createImage")
def capture_server(
    server: Server,
    *,
    name: str,
    actor: Actor,
    description: str = "",
    min_ram_mb: int = 0,
    max_ram_mb: int | None = None,
    tags: Tags | None = None,
) -> Image:
    """A system disk image of a server, which runs on. Raises Refused, NotFound, Conflict.

    It inherits everything that its own image and its system disk say (§2.1), restrictions included (R73, R74).
    """
    lock_project(actor.project)
    server = locked(Server.objects.for_change(actor), server.pk)
    can_capture_server(server, actor).require()
    (disk,) = _locked(server.disks.attached().filter(role=Disk.Role.SYSTEM), actor)
    can_capture_disk(disk, actor).require()
    memory_fits(min_ram_mb, max_ram_mb).require()
    parent = server.image
    image = _image_of(
        disk,
        actor,
        name=name,
        description=description,
        type=Image.Type.SYSTEM,
        use=parent.use,
        os_version=parent.os_version,
        os_detected=parent.os_detected,
        cloud_init=parent.cloud_init,
        architecture=server.architecture,
        boot_mode=server.boot_mode,
        nic_multi_queue=disk.multi_queue,
        secure_boot=disk.secure_boot,
        tpm=disk.tpm,
        min_ram_mb=min_ram_mb,
        max_ram_mb=max_ram_mb,
        source=(Image.Source.SERVER, server.pk, server.name),
    )
    return _begin({disk: image}, tags, actor)[0]


@service("createImage")
def capture_disk(
    disk: Disk,
    *,
    name: str,
    actor: Actor,
    os_version: OsVersion | None,
    architecture: str = "x86",
    boot_mode: str = "bios",
    description: str = "",
    min_ram_mb: int = 0,
    max_ram_mb: int | None = None,
    tags: Tags | None = None,
) -> Image:
    """A system disk image of a disk on which a system is, as its owner says (§2.3). Raises Refused, NotFound, Conflict."""
    lock_project(actor.project)
    (disk,) = _locked(Disk.objects.filter(pk=disk.pk), actor)
    can_capture_disk(disk, actor).require()
    memory_fits(min_ram_mb, max_ram_mb).require()
    boot_mode_fits(architecture, boot_mode).require()
    image = _image_of(
        disk,
        actor,
        name=name,
        description=description,
        type=Image.Type.SYSTEM,
        os_version=os_version,
        architecture=architecture,
        boot_mode=boot_mode,
        nic_multi_queue=disk.multi_queue,
        min_ram_mb=min_ram_mb,
        max_ram_mb=max_ram_mb,
        source=(Image.Source.DISK, disk.pk, disk.name),
    )
    return _begin({disk: image}, tags, actor)[0]


@service("createImage")
def capture_data_disks(
    names: Mapping[UUID, str], *, actor: Actor, description: str = "", tags: Tags | None = None
) -> list[Image]:
    """A data disk image of each of these disks, all of the same instant (§2.5). `names`: by disk ID.

    Raises Refused, NotFound, Conflict.
    """
    lock_project(actor.project)
    disks = _locked(Disk.objects.filter(pk__in=list(names)), actor)
    if len(disks) < len(names):
        raise NotFound
    can_capture_disks(disks, actor).require()
    images = {
        disk: _image_of(
            disk,
            actor,
            name=names[disk.pk],
            description=description,
            type=Image.Type.DATA,
            source=(Image.Source.DISK, disk.pk, disk.name),
        )
        for disk in disks
    }
    return _begin(images, tags, actor)


def _locked(disks: Any, actor: Actor) -> list[Disk]:
    """The disks as they are now, their servers' rows locked before their own.

    Raises NotFound, Conflict.
    """
    disks = disks.visible_to(actor).existing()
    servers = locked_many(Server.objects.for_change(actor), _server_ids(disks))
    rows = sorted(locked_all(disks.select_related("project", "key")), key=lambda disk: (disk.index, disk.pk))
    if not rows:
        raise NotFound
    for disk in rows:
        if disk.server_id and disk.server_id not in servers:
            raise Conflict
        disk.server = servers.get(disk.server_id) if disk.server_id else None
    return rows


def _server_ids(disks: Any) -> set[UUID]:
    return set(disks.exclude(server=None).order_by().values_list("server_id", flat=True))


def _image_of(disk: Disk, actor: Actor, *, source: tuple[str, UUID, str], **attributes: Any) -> Image:
    """What every image has of the disk it is made of: size, key, lineage."""
    kind, source_id, source_name = source
    return Image(
        region=actor.region,
        project=actor.project,
        status=Image.Status.SAVING,
        min_disk_gb=disk.size_gb,
        key=disk.key,
        parent_id=disk.image_id,
        source_kind=kind,
        source_id=source_id,
        source_name=source_name,
        created_by=actor.user,
        **attributes,
    )


def _begin(images: Mapping[Disk, Image], tags: Tags | None, actor: Actor) -> list[Image]:
    """The rows and their one job, which reserves what their origin takes in the store; what they take is not known."""
    _require_idle(images)
    can_capture(actor, len(images)).require()
    tags_fit(dict(tags or {})).require()
    for image in images.values():
        insert_image(image, tags, actor)
    first, *others = images.values()
    server = next((disk.server_id for disk in images), None)  # that of all of them, or none
    taken = (*filter(None, [server]), *(disk.pk for disk in images), *(each.pk for each in others))
    job = start_job(
        CaptureImage,
        first,
        actor=actor,
        reserves=_estimate(images),
        images={
            str(image.pk): {"disk": str(disk.pk), "stored": str(new_id())} for disk, image in images.items()
        },
        server=str(server or ""),
        holds={str(each): True for each in taken},
    )
    occupy(job)
    return list(images.values())


def _require_idle(disks: Iterable[Disk]) -> None:
    """What is done to a disk of a server holds the server, and does not always show in its state. Raises Conflict."""
    things = {each for disk in disks for each in (disk.pk, disk.server_id) if each}
    if busy := Job.objects.live().about(*things).first():
        raise Conflict("subject-busy", name=busy.subject_name)


def _estimate(images: Mapping[Disk, Image]) -> dict[str, int]:
    """At least what they were made from; copies of blank disks may be next to nothing."""
    parents = [image.parent_id for image in images.values() if image.parent_id]
    stored = [Image.objects.get(pk=each).disks.order_by("index").first() for each in parents]
    total = sum(disk.size_bytes for disk in stored if disk)
    return {"store_bytes": total} if total else {}
