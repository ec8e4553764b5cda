"""What a copy of an image begins with, whichever kind of copy it is."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from django.db.models import Q

from images.copy.jobs import facts_of
from images.models import Image, ImageTag
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Backup, BackupDisk, Key, Vault
from imsconsole.core.ids import new_id

INHERITED = (
    "type", "use", "os_version", "os_detected", "architecture", "boot_mode", "min_disk_gb", "min_ram_mb",
    "max_ram_mb", "nic_multi_queue", "secure_boot", "tpm", "default_flavor", "default_user_data", "cloud_init",
)  # fmt: skip
AS_THEN = (
    "size_gb", "taken_at", "server_id", "server_name", "flavor", "boot_mode", "architecture", "multi_queue", "secure_boot",
    "tpm", "instance_id", "login",
)  # fmt: skip
DISK_AS_THEN = ("index", "role", "name", "disk_id", "size_gb")


def new_copy(
    source: Image, project: Project, *, name: str, description: str, key: Key | None = None
) -> Image:
    """The row of a copy in a project, not saved: its source's attributes, and its lineage."""
    return Image(
        **{attribute: getattr(source, attribute) for attribute in INHERITED},
        region=project.region,
        project=project,
        name=name,
        description=description,
        key=key,
        source_kind=Image.Source.IMAGE,
        source_id=source.pk,
        source_name=source.name,
        parent=source,
    )


def new_disks(source: Image) -> list[dict[str, Any]]:
    """What a job is told of each disk: its ID, which bytes it is made of, and what its row takes over."""
    return [
        {"id": str(new_id()), "stored": str(disk.stored_id), **facts_of(disk)} for disk in source.disks.all()
    ]


def new_backup_copy(copy: Image, source: Backup, vault: Vault) -> Backup:
    """The rows of the backup that the copy of a full-ECS image is made of (R82): its source's, in a vault of the target.

    The server it is of is not there; what restores from it is of the copy.
    """
    as_then = {name: getattr(source, name) for name in AS_THEN}
    about = {"name": source.name, "kind": Backup.Kind.CBR, "vault": vault, "image": copy}
    zone = copy.region.zones.earliest("code")
    backup = Backup.objects.create(
        project=vault.project, zone=zone, created_by=copy.created_by, **about, **as_then
    )
    BackupDisk.objects.bulk_create(
        BackupDisk(backup=backup, **{name: getattr(disk, name) for name in DISK_AS_THEN})
        for disk in source.disks.all()
    )
    return backup


def inherit_tags(source: Image, copy: Image) -> None:
    ImageTag.objects.bulk_create(
        ImageTag(image=copy, key=tag.key, value=tag.value) for tag in source.tags.all()
    )


def taken_names(project: Project, wanted: Iterable[str]) -> set[str]:
    """The names of a project's images that begin as one of those that are wanted."""
    begins = Q(*(("name__startswith", name) for name in wanted), _connector=Q.OR)
    return set(Image.objects.filter(begins, project=project).existing().values_list("name", flat=True))


def free_names(wanted: Iterable[str], taken: set[str]) -> list[str]:
    """Each name as it is wanted or, where it is taken, with the first number that makes it free."""
    used, names = set(taken), []
    for name in wanted:
        numbers = (f"{name[:120].rstrip()}-{number}" for number in count(2))
        free = name if name not in used else next(each for each in numbers if each not in used)
        used.add(free)
        names.append(free)
    return names
