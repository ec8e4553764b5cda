"""From what a cloud says of an image to rows of ours."""

from dataclasses import asdict
from typing import Any

from images.models import CloudImage, Image, OsVersion
from images.os.catalogue import OTHER_LINUX
from images.os.detection import os_version_of
from imsconsole.accounts.models import User
from imsconsole.core.now import now
from imsconsole.engine.types import GIB, Found, PublicImage, StoredDisk

NAME_LENGTH = 128


def described(image: PublicImage, stored: StoredDisk | None) -> dict[str, Any]:
    """The fields of its row."""
    return {
        "name": image.name[:255],
        "format": image.format[:16],
        "stored": asdict(stored) if stored else {},
        "said": asdict(image),
    }


def found_of(row: CloudImage) -> dict[str, Any]:
    """What its disk says of how it came in: as it is."""
    return {
        "source_format": row.stored["format"][:8],
        "source_size_bytes": row.stored["size_bytes"],
        "source_checksum": row.stored["checksum"],
    }


def image_of(row: CloudImage, *, user: User | None) -> Image:
    """A public image, not saved. What the cloud does not say is as of most images: x86, booted by BIOS, some Linux."""
    said, is_iso = row.said, row.stored["format"] == "iso"
    architecture = said["architecture"] or "x86"
    return Image(
        region_id=row.region_id,
        category=Image.Category.PUBLIC,
        type=Image.Type.ISO if is_iso else Image.Type.SYSTEM,
        name=str(row)[:NAME_LENGTH],
        os_version=_system(said),
        architecture=architecture,
        boot_mode="uefi" if architecture == "arm" else said["boot_mode"] or "bios",
        min_disk_gb=max(1, said["min_disk_gb"], -(-row.stored["virtual_size_bytes"] // GIB)),
        min_ram_mb=said["min_memory_mb"],
        status=Image.Status.ACTIVE,
        active_at=now(),
        protected=True,
        source_kind=Image.Source.PLATFORM,
        source_id=row.pk,
        source_name=row.cloud_id,
        created_by=user,
    )


def _system(said: dict[str, Any]) -> OsVersion | None:
    found = Found(said["format"], 0, 0, os_id=said["os_id"], os_version=said["os_version"])
    return os_version_of(found) or OsVersion.objects.filter(name=OTHER_LINUX).first()
