"""Import: an uploaded file becomes a private image."""

from dataclasses import replace

from images.create.jobs import ImportImage
from images.create.rules import Import, can_order_import
from images.fields.insert import insert_image
from images.models import Image, OsVersion, Upload
from images.os.catalogue import OTHER_LINUX
from images.uploads.found import found_of, store_bytes
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.keys.default import default_key
from imsconsole.core.errors import NotFound
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked_all
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("createImage")
def import_image(order: Import, *, actor: Actor) -> Image:
    """Make an image of a complete upload, and one of each data disk along with it; jobs do the work.

    A default key is made now if need be. Raises Refused, NotFound; then there is none.
    """
    lock_project(actor.project)
    order = _locked(order)
    can_order_import(order, actor).require()
    image = insert_image(_new_image(order, actor), order.tags, actor)
    start_job(
        ImportImage,
        image,
        actor=actor,
        reserves={"store_bytes": store_bytes(found_of(order.upload), is_encrypted=order.encrypt)},
        upload=str(order.upload.pk),
        disk=str(new_id()),
        format=order.upload.found["format"],
        source_sha256=order.upload.found["sha256"],
        part=order.upload.found.get("part"),
    )
    for disk in order.data_disks:
        along = Import(disk.upload, disk.name, Image.Type.DATA, disk.min_disk_gb)
        import_image(replace(along, encrypt=order.encrypt, key=image.key), actor=actor)
    return image


def _locked(order: Import) -> Import:
    """The order with its file as it is now; nobody discards it, or another of the order, meanwhile. Raises NotFound."""
    files = [order.upload, *(disk.upload for disk in order.data_disks)]
    rows = {row.pk: row for row in locked_all(Upload.objects.filter(pk__in=[each.pk for each in files]))}
    if order.upload.pk not in rows:
        raise NotFound("upload-gone", name=order.upload.name)
    return replace(order, upload=rows[order.upload.pk])


def _new_image(order: Import, actor: Actor) -> Image:
    return Image(
        region=actor.region,
        project=actor.project,
        name=order.name,
        type=order.type,
        use=order.use,
        os_version=order.system or _other_linux(),
        os_detected=order.detected is not None,
        architecture=order.architecture,
        boot_mode=order.boot_mode,
        min_disk_gb=order.min_disk_gb,
        min_ram_mb=order.min_ram_mb,
        max_ram_mb=order.max_ram_mb,
        description=order.description,
        key=(order.key or default_key(actor)) if order.encrypt else None,
        source_kind=Image.Source.FILE,
        source_id=order.upload.pk,
        source_name=order.upload.origin or order.upload.name,
        created_by=actor.user,
    )


def _other_linux() -> OsVersion | None:
    """R63: what an image is when nothing better is known."""
    return OsVersion.objects.filter(name=OTHER_LINUX).first()
