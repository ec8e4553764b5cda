"""Data disks with the content of a data disk image (创建数据盘, ims-facts §2.5)."""

from images.launch.disk.rules import can_order_disk_from
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.disks.jobs import CreateDisk
from imsconsole.cloud.models import Disk
from imsconsole.cloud.names import server_name
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("createDisk")
def create_disk_from(image: Image, *, name: str, size_gb: int, zone: AvailabilityZone, actor: Actor) -> Disk:
    """A new data disk with what the image holds, encrypted with its key. Raises Refused, NotFound, ValidationError (name)."""
    lock_project(actor.project)
    row = locked(Image.objects.visible_to(actor).select_related("key"), image.pk)
    can_order_disk_from(row, size_gb, zone, actor).require()
    server_name(name)
    disk = Disk.objects.create(
        project=actor.project,
        zone=zone,
        name=name,
        role=Disk.Role.DATA,
        size_gb=size_gb,
        image=row,
        key=row.key,
    )
    stored = row.disks.earliest("index")
    job = start_job(CreateDisk, disk, actor=actor, disk_id=str(disk.pk), image_ref=stored.ref)
    use_stored(job, [stored])
    return disk
