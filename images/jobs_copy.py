"""The job that copies an image in its region."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.jobs import MakeImage
from images.models import Image, ImageDisk
from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.engine.api import Engine
from imsconsole.engine.types import StoredDisk
from imsconsole.jobs.kinds import BULK, QUICK
from imsconsole.jobs.quotas import fits_quota, lock_project, used_by
from imsconsole.jobs.run import Run


class CopyImage(MakeImage):
    """`image.copy`. Args: `disks`, each with the IDs `id` (new), `source` and `held`; `key` and `source_key` (IDs or empty)."""

    kind = "image.copy"
    title = _("Copy image")
    steps = {"store": _("Copying"), "register": _("Registering the copy")}

    @classmethod
    def queue_for(cls, args: dict[str, Any]) -> str:
        """A copy that is only linked does not wait behind bytes."""
        return BULK if args["key"] or args["source_key"] else QUICK

    def store(self, run: Run) -> dict[str, Any]:
        """Each disk once more: links, so that nothing is read or written."""
        begin(run)
        engine = engine_for(copy_of(run).region_id)
        return {"rows": [_linked(engine, new, source, run) for new, source in sources_of(run)]}

    def undo_store(self, run: Run) -> None:
        remove_stored(run, "id")

    def register(self, run: Run) -> None:
        """The rows of its disks. What was reserved gives way to what it really takes."""
        register_disks(run, run.result("store")["rows"])


def begin(run: Run) -> None:
    """Waiting → creating."""
    with run.fenced():
        begun = Image.objects.filter(
            pk=run.job.subject_id, status__in=[Image.Status.QUEUED, Image.Status.SAVING]
        ).update(status=Image.Status.SAVING, updated_at=now())
    if not begun:
        raise NotFound("copy-gone")


def copy_of(run: Run) -> Image:
    """The image that is being made."""
    return Image.objects.select_related("project").get(pk=run.job.subject_id)


def sources_of(run: Run) -> Iterator[tuple[str, ImageDisk]]:
    """Each new disk's ID with the stored disk it is made of. Raises NotFound: that was deleted."""
    for disk in run.args["disks"]:
        source = ImageDisk.objects.select_related("image").filter(pk=disk["source"]).exclude(ref="").first()
        if source is None:
            raise NotFound("copied-image-gone", name=copy_of(run).source_name)
        yield disk["id"], source


def remove_stored(run: Run, which: str) -> None:
    """Remove what was stored, known by the IDs the disks were to have, and what is unfinished."""
    engine = engine_for(copy_of(run).region_id)
    engine.sweep(run.prefix)
    for ref in engine.inventory().stored:
        if any(disk[which] in ref for disk in run.args["disks"]):
            engine.delete(ref)


def row_of(new: str, source: ImageDisk, stored: StoredDisk) -> dict[str, Any]:
    """What is kept of a new disk, as JSON, until it is registered."""
    return {
        "id": new,
        "index": source.index,
        "role": source.role,
        "source_format": source.format,
        "source_size_bytes": source.size_bytes,
        "source_sha256": source.sha256,
        **asdict(stored),
    }


def _linked(engine: Engine, new: str, source: ImageDisk, run: Run) -> dict[str, Any]:
    stored = replace(engine.copy(UUID(new), source.ref, work=run), sha256=source.sha256)
    return {**row_of(new, source, stored), "bytes_id": str(source.bytes_id)}


def register_disks(run: Run, rows: list[dict[str, Any]]) -> None:
    """The rows of the new disks, if the project's quota has room for them. Raises Conflict."""
    with run.fenced():
        copy = copy_of(run)
        assert copy.project is not None  # noqa: S101 - private images have one
        lock_project(copy.project)
        run.job.reservations.all().delete()
        copy.disks.all().delete()
        before = used_by(copy.project, ["store_bytes"])
        ImageDisk.objects.bulk_create(ImageDisk(image=copy, **row) for row in rows)
        after = used_by(copy.project, ["store_bytes"])
        if after != before and not fits_quota(copy.project, {"store_bytes": 0}, after):
            raise Conflict("store-quota-reached")
