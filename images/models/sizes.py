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


WRONG = f"size_bytes <> {OF_DISKS}"


class Sizes:
    """`Image.size_bytes`. Who saves an image with all that was read of it changes it to nothing else."""

    def triggers(self) -> Iterator[Trigger]:
        new, old = (
            f"UPDATE {IMAGES} SET size_bytes = {OF_DISKS} WHERE id = {row}.image_id" for row in ("NEW", "OLD")
        )
        yield Trigger("size", DISKS, "INSERT", (new,))
        yield Trigger("size", DISKS, "UPDATE", (new, old), ("image_id", "size_bytes"))
        yield Trigger("size", DISKS, "DELETE", (old,))
        right = f"UPDATE {IMAGES} SET size_bytes = {OF_DISKS} WHERE id = NEW.id AND {WRONG}"
        changed = "OLD.size_bytes <> NEW.size_bytes"
        yield Trigger("size", IMAGES, "UPDATE", (right,), ("size_bytes",), changed)

    def fill(self) -> None:
        self.rebuild()

    def rebuild(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {IMAGES} SET size_bytes = {OF_DISKS} WHERE {WRONG}")

    def wrong(self) -> list[tuple[UUID, str]]:
        with connection.cursor() as cursor:
            wrong = f"SELECT project_id, COUNT(*) FROM {IMAGES} WHERE {WRONG} GROUP BY project_id"
            cursor.execute(wrong)
            return [(project, f"{n} sizes of images") for project, n in cursor.fetchall()]
