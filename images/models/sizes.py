"""The size of an image is that of its disks together: in its own row, so that lists can be sorted by it."""

from collections.abc import Iterator
from uuid import UUID

from django.db import connection

from images.models.image import Image, ImageDisk
from imsconsole.core.triggers import Trigger

IMAGES, DISKS = Image._meta.db_table, ImageDisk._meta.db_table
OF_DISKS = (
    f"(SELECT COALESCE(SUM(disk.size_bytes), 0) FROM {DISKS} AS disk WHERE disk.image_id = {IMAGES}.id)"
)


class Sizes:
    """`Image.size_bytes`."""

    def triggers(self) -> Iterator[Trigger]:
        new, old = (
            f"UPDATE {IMAGES} SET size_bytes = {OF_DISKS} WHERE id = {row}.image_id" for row in ("NEW", "OLD")
        )
        yield Trigger("size", DISKS, "INSERT", (new,))
        yield Trigger("size", DISKS, "UPDATE", (new, old), ("image_id", "size_bytes"))
        yield Trigger("size", DISKS, "DELETE", (old,))

    def rebuild(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {IMAGES} SET size_bytes = {OF_DISKS} WHERE size_bytes <> {OF_DISKS}")

    def wrong(self) -> list[tuple[UUID, str]]:
        with connection.cursor() as cursor:
            wrong = f"SELECT project_id, COUNT(*) FROM {IMAGES} WHERE size_bytes <> {OF_DISKS} GROUP BY project_id"
            cursor.execute(wrong)
            return [(project, f"{n} sizes of images") for project, n in cursor.fetchall()]
