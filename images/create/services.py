"""Import: an uploaded file becomes a private image."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from images.create.jobs import ImportImage
from images.create.rules import DataDisk, attributes_fit, can_import_file, data_disks_fit, fast_fits
from images.fields.insert import insert_image
from images.fields.rules import can_encrypt, use_fits
from images.models import Image, OsVersion, Upload
from images.os.catalogue import OTHER_LINUX
from images.uploads.found import detected_os
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.keys.default import default_key
from imsconsole.cloud.models import Key
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked_all
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("createImage")
def import_image(
    *,
    actor: Actor,
    upload: Upload,
    name: str,
    type: str,
    min_disk_gb: int,
    os_version: OsVersion | None = None,
    architecture: str = "x86",
    boot_mode: str = "bios",
    min_ram_mb: int = 0,
    max_ram_mb: int | None = None,
    description: str = "",
    tags: Mapping[str, str] | None = None,
    data_disks: Sequence[DataDisk] = (),
    encrypt: bool = False,
    key: Key | None = None,
    use: str = Image.Use.ECS,
) -> Image:
    """Make an image of a complete upload, and one of each data disk along with it; jobs do the work.

    The system that was found in the file counts, whatever is chosen (R63). `encrypt` without a `key`
    takes the project's default key, which is made now if need be. Raises Refused; then there is none.
    """
    lock_project(actor.project)
    upload = _locked(upload, *(disk.upload for disk in data_disks))
    tags = dict(tags or {})
    can_import_file(upload, type, actor).require()
    data_disks_fit(type, upload, data_disks).require()
    detected = detected_os(upload) if type == Image.Type.SYSTEM else None
    os_version = detected or os_version
    fast_fits(upload, type, os_version).require()
    attributes_fit(
        image_type=type,
        disk_gb=min_disk_gb,
        upload=upload,
        architecture=architecture,
        boot_mode=boot_mode,
        os_version=os_version,
        min_ram_mb=min_ram_mb,
        max_ram_mb=max_ram_mb,
        tags=tags,
    ).require()
    use_fits(type, use, os_version).require()
    if encrypt:
        can_encrypt(type, key, actor, use=use).require()
    image = Image(
        region=actor.region,
        project=actor.project,
        name=name,
        type=type,
        use=use,
        os_version=os_version or _other_linux(),
        os_detected=detected is not None,
        architecture=architecture,
        boot_mode=boot_mode,
        min_disk_gb=min_disk_gb,
        min_ram_mb=min_ram_mb,
        max_ram_mb=max_ram_mb,
        description=description,
        key=(key or default_key(actor)) if encrypt else None,
        source_kind=Image.Source.FILE,
        source_id=upload.pk,
        source_name=upload.origin or upload.name,
        created_by=actor.user,
    )
    insert_image(image, tags, actor)
    start_job(
        ImportImage,
        image,
        actor=actor,
        reserves={"store_bytes": upload.size_bytes},
        upload=str(upload.pk),
        disk=str(uuid4()),
        format=upload.found["format"],
        source_sha256=upload.found["sha256"],
    )
    for disk in data_disks:
        import_image(
            actor=actor,
            upload=disk.upload,
            name=disk.name,
            type=Image.Type.DATA,
            min_disk_gb=disk.min_disk_gb,
            encrypt=encrypt,
            key=image.key,
        )
    return image


def _locked(upload: Upload, *others: Upload) -> Upload:
    """The upload as it is now; nobody discards it, or one of the others, meanwhile. Raises NotFound."""
    rows = locked_all(Upload.objects.filter(pk__in=[each.pk for each in (upload, *others)]))
    found = next((row for row in rows if row.pk == upload.pk), None)
    if found is None:
        raise NotFound("upload-gone", name=upload.name)
    return found


def _other_linux() -> OsVersion | None:
    """R63: what an image is when nothing better is known."""
    return OsVersion.objects.filter(name=OTHER_LINUX).first()
