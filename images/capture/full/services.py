"""Full-ECS images (整机镜像): of a server, and of a backup (ims-facts §2.7 to §2.9)."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from images.capture.full.jobs import CaptureFull, MakeOfBackup
from images.capture.full.rules import can_capture_full_into, can_make_of_backup
from images.fields.insert import insert_image
from images.fields.rules import memory_fits
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.backups.making import begin_backup, new_backup
from imsconsole.cloud.models import Backup, Server, Vault
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.cloud.tags.rules import tags_fit
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job

Tags = Mapping[str, str]
Source = Image.Source


@service("createImage")
def capture_full(
    server: Server,
    *,
    vault: Vault,
    name: str,
    actor: Actor,
    description: str = "",
    min_ram_mb: int = 0,
    max_ram_mb: int | None = None,
    tags: Tags | None = None,
) -> Image:
    """A full-ECS image of a server, which runs on: first a backup into `vault`, then the image of that.

    Raises Refused, NotFound, Conflict.
    """
    lock_project(actor.project)
    server = locked(Server.objects.for_change(actor), server.pk)
    vault = locked(Vault.objects.for_change(actor), vault.pk)
    can_capture_full_into(server, vault, actor).require()
    backup = new_backup(server, f"image-{uuid4().hex[:8]}", actor, vault=vault)
    origin = (Source.SERVER, server.pk, server.name)
    about = {"description": description, "min_ram_mb": min_ram_mb, "max_ram_mb": max_ram_mb}
    image = _keep(_image_of(backup, name, origin, actor, **about), tags, actor)
    begin_backup(CaptureFull, backup, image, actor, disks=_disks_for(backup))
    return image


@service("createImage")
def make_of_backup(
    backup: Backup,
    *,
    name: str,
    actor: Actor,
    description: str = "",
    min_ram_mb: int = 0,
    max_ram_mb: int | None = None,
    tags: Tags | None = None,
) -> Image:
    """A full-ECS image of a backup, CBR or legacy CSBS; each makes one (R68). Raises Refused, NotFound, Conflict."""
    lock_project(actor.project)
    backup = locked(Backup.objects.for_change(actor), backup.pk)
    can_make_of_backup(backup, actor).require()
    origin = (Source.BACKUP, backup.pk, backup.name)
    about = {"description": description, "min_ram_mb": min_ram_mb, "max_ram_mb": max_ram_mb}
    image = _keep(_image_of(backup, name, origin, actor, **about), tags, actor)
    job = start_job(
        MakeOfBackup,
        image,
        actor=actor,
        backup_id=str(backup.pk),
        disks=_disks_for(backup),
        holds={str(backup.pk): True},
    )
    use_stored(job, backup.disks.all())
    return image


def _image_of(backup: Backup, name: str, origin: tuple[str, Any, str], actor: Actor, **about: Any) -> Image:
    """What the image has of the server as it was: system, boot mode, key of the system disk, lineage (R73, R74)."""
    memory_fits(about["min_ram_mb"], about["max_ram_mb"]).require()
    system, parent = backup.disks.get(index=0), Image.objects.get(pk=backup.image_id)
    kind, source_id, source_name = origin
    return Image(
        region=actor.region,
        project=actor.project,
        name=name,
        type=Image.Type.FULL,
        use=parent.use,
        os_version=parent.os_version,
        os_detected=parent.os_detected,
        cloud_init=parent.cloud_init,
        architecture=backup.architecture,
        boot_mode=backup.boot_mode,
        nic_multi_queue=backup.multi_queue,
        secure_boot=backup.secure_boot,
        tpm=backup.tpm,
        min_disk_gb=system.size_gb,
        key_id=system.key_id,
        backup=backup,
        parent=parent,
        status=Image.Status.SAVING,
        source_kind=kind,
        source_id=source_id,
        source_name=source_name,
        created_by=actor.user,
        **about,
    )


def _disks_for(backup: Backup) -> dict[str, str]:
    return {str(pk): str(new_id()) for pk in backup.disks.values_list("pk", flat=True)}


def _keep(image: Image, tags: Tags | None, actor: Actor) -> Image:
    tags_fit(dict(tags or {})).require()
    return insert_image(image, tags, actor)
