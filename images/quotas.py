"""What a project uses of images, of uploads, and of the store that images share with backups."""

from uuid import UUID

from django.db.models import Count, F, Max, Sum

from images.models import Image, ImageDisk, Upload
from imsconsole.cloud.models import BackupDisk
from imsconsole.jobs.quotas import Counts, Rows, per_project


def _images(projects: list[UUID]) -> Rows:
    return per_project(Image.objects.existing(), projects).annotate(images=Count("pk"))


def _uploads(projects: list[UUID]) -> Rows:
    return per_project(Upload.objects.all(), projects).annotate(upload_bytes=Sum("size_bytes"))


def _store(projects: list[UUID]) -> Rows:
    """Of images and backups. Bytes that several of a project are links to count once, while one of them is there."""
    images = ImageDisk.objects.exclude(image__status="deleted")
    backups = BackupDisk.objects.filter(backup__deleted_at=None)
    files: dict[tuple[UUID, UUID], int] = {}
    for disks, owner, bytes_id in (
        (images, "image__project", "bytes_id"),
        (backups, "backup__project", "pk"),
    ):
        mine = disks.filter(**{f"{owner}__in": projects}).order_by()
        for row in mine.values(project=F(owner), file=F(bytes_id)).annotate(largest=Max("size_bytes")):
            file = row["project"], row["file"]
            files[file] = max(files.get(file, 0), row["largest"])
    sums: dict[UUID, int] = {}
    for (project, _file), size_bytes in files.items():
        sums[project] = sums.get(project, 0) + size_bytes
    return [{"project": project, "store_bytes": total} for project, total in sums.items()]


COUNTS: Counts = {
    ("images",): _images,
    ("store_bytes",): _store,
    ("upload_bytes",): _uploads,
}
