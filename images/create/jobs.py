"""Long work about images."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.fields.encryption import key_of
from images.models import Image, ImageDisk, ImageQuerySet, Upload
from images.models.disks import put_disks, undo_disks
from images.os.detection import os_version_of
from images.receiving.limits import limit_virtual_bytes
from images.uploads.found import examine_file, store_bytes
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.spool.kinds import uploads
from imsconsole.cloud.stored.rows import unkept
from imsconsole.core.errors import BadImage, Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import GIB, MIB, FileSource, Found, Part
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import registering, reserve_more
from imsconsole.jobs.run import Run


class MakeImage(JobKind):
    """Base of the kinds that end with an image of one disk. Args: `disk` (a UUID) and `format`."""

    def source(self, run: Run) -> FileSource:
        """The inspected file that is stored."""
        raise NotImplementedError

    def store(self, run: Run) -> dict[str, Any]:
        image = Image.objects.select_related("key").get(pk=run.job.subject_id)
        stored = engine_for(image.region_id).ingest(
            UUID(run.args["disk"]),
            self.source(run),
            format=run.args["format"],
            work=run,
            key=key_of(image),
            limit_bytes=int(run.job.reserves.get("store_bytes", 0)),
        )
        return asdict(stored)

    def undo_store(self, run: Run) -> None:
        engine_for(_region(run)).discard(unkept([run.args["disk"]]), run.prefix, work=run)

    def undo_register(self, run: Run) -> None:
        with run.fenced():
            undo_disks(ImageDisk.objects.filter(image=run.job.subject_id))

    def sweep(self, run: Run) -> None:
        engine_for(_region(run)).sweep(run.prefix)

    def settle(self, job: Job, state: str) -> None:
        """Normal, or failed with the reason."""
        image = Image.objects.filter(pk=job.subject_id).exclude(status=Image.Status.DELETED)
        if state == Job.State.DONE:
            image.update(status=Image.Status.ACTIVE, active_at=now(), updated_at=now())
        else:
            image.update(
                status=Image.Status.KILLED,
                error_code=job.error_code,
                error_values=job.error_values,
                updated_at=now(),
            )

    def resume(self, job: Job) -> None:
        Image.objects.filter(pk=job.subject_id, status=Image.Status.KILLED).update(
            status=Image.Status.QUEUED, error_code="", error_values={}, updated_at=now()
        )


class ImportImage(MakeImage):
    """Args: `upload` and `disk` (UUIDs), `format` and `source_sha256` (what inspection found while it arrived).

    `part`, if there is one, is where in that file the disk lies.
    """

    kind = "image.import"
    title = _("Import image")
    steps = {
        "inspect": _("Examining the file"),
        "store": _("Writing it to the store"),
        "register": _("Registering the disk"),
        "tidy": _("Removing the uploaded file"),
    }
    scrap = {"inspect": "store"}

    def inspect(self, run: Run) -> dict[str, Any]:
        """Take a link of our own, so that nobody can take the file away, and look at the whole of it."""
        begin(run)
        link = _claim(run)
        image = Image.objects.get(pk=run.job.subject_id)
        upload = Upload.objects.get(pk=run.args["upload"])
        found = examine_file(
            link,
            claimed=run.args["format"],
            looks_inside=not upload.is_fast,
            part=_part(run),
        )
        if upload.origin and not upload.url:
            _read_whole(run, link)
        _check_part(run, link)
        _note_system(run, found)
        needed_gb = -(-found.virtual_size_bytes // GIB)
        if image.type != Image.Type.ISO and needed_gb > image.min_disk_gb:  # R62
            raise Conflict("disk-smaller-than-image", needed_gb=needed_gb, given_gb=image.min_disk_gb)
        reserve_more(run, "store_bytes", store_bytes(found, is_encrypted=bool(image.key_id)))
        return {"file": link.name, "size_bytes": found.size_bytes}

    def undo_inspect(self, run: Run) -> None:
        _remove_links(run)

    def source(self, run: Run) -> FileSource:
        link = work_dir() / run.result("inspect")["file"]
        return FileSource(link, run.args["source_sha256"], _part(run))

    def register(self, run: Run) -> None:
        sizes = {"source_size_bytes": run.result("inspect")["size_bytes"]}
        with registering(run):
            put_disk(run, **sizes, source_checksum=f"sha256:{run.args['source_sha256']}")

    def tidy(self, run: Run) -> None:
        """The upload has become an image."""
        run.hold()
        _remove_links(run)
        upload = Upload.objects.filter(pk=run.args["upload"])
        uploads().discard(UUID(run.args["upload"]))
        with run.fenced():
            upload.delete()

    def sweep(self, run: Run) -> None:
        super().sweep(run)
        kept = run.result("inspect").get("file")
        for path in _links(run):
            if path.name != kept:
                path.unlink(missing_ok=True)


def _region(run: Run) -> str:
    return Image.objects.get(pk=run.job.subject_id).region_id


def begin(run: Run, gone: str = "image-gone") -> None:
    """Waiting → creating. Raises NotFound with the code `gone`: the image was deleted."""
    with run.fenced():
        begun = Image.objects.filter(
            pk=run.job.subject_id, status__in=[Image.Status.QUEUED, Image.Status.SAVING]
        ).update(status=Image.Status.SAVING, updated_at=now())
    if not begun:
        raise NotFound(gone)


def _claim(run: Run) -> Path:
    """The uploaded file under our own name. Raises NotFound, NoSpace, Unavailable."""
    link = work_dir() / run.token
    upload = Upload.objects.filter(pk=run.args["upload"], state=Upload.State.COMPLETE).first()
    if upload is None:
        raise NotFound("upload-gone", name=Image.objects.get(pk=run.job.subject_id).source_name)
    try:
        uploads().take(upload.pk, link, run.report)
    except FileNotFoundError as error:
        raise NotFound("upload-gone", name=upload.name) from error
    try:
        run.hold()
    except BaseException:
        link.unlink(missing_ok=True)
        raise
    return link


def _note_system(run: Run, found: Found) -> None:
    with run.fenced():
        note_system(Image.objects.filter(pk=run.job.subject_id), found)


def note_system(images: ImageQuerySet, found: Found) -> None:
    """R63: the system in a system disk counts, whatever was chosen."""
    seen: dict[str, Any] = {"cloud_init": True} if found.cloud_init else {}
    if (detected := os_version_of(found)) is not None:
        seen |= {"os_version": detected, "os_detected": True}
    if seen:
        images.filter(type=Image.Type.SYSTEM).update(**seen)


def _read_whole(run: Run, path: Path) -> None:
    """An object's bytes were not inspected when they arrived: they are now, and are still what was put there."""
    inspector, total = Inspector(limit_virtual_bytes()), path.stat().st_size
    with path.open("rb") as stream:
        while piece := stream.read(4 * MIB):
            inspector.feed(piece)
            run.report(inspector.size_bytes, total)
    sha256 = inspector.finish("ova" if _part(run) else run.args["format"]).sha256
    if sha256 != run.args["source_sha256"]:
        raise BadImage("checksum-differs", wanted=run.args["source_sha256"], found=sha256)


def _part(run: Run) -> Part | None:
    return Part(**run.args["part"]) if run.args.get("part") else None


def _check_part(run: Run, path: Path) -> None:
    """What the archive's manifest says of the disk. Raises BadImage."""
    part = _part(run)
    if part is None or not part.checksum:
        return
    algorithm, _, wanted = part.checksum.partition(":")
    digest, done = hashlib.new(algorithm, usedforsecurity=False), 0
    with FileSource(path, part=part).open() as stream:
        while piece := stream.read(MIB):
            digest.update(piece)
            done += len(piece)
            run.report(done, part.size_bytes)
    if digest.hexdigest() != wanted:
        raise BadImage("ova-checksum", file=part.name)


def _links(run: Run) -> list[Path]:
    return list(work_dir().glob(f"{run.prefix}*"))


def _remove_links(run: Run) -> None:
    for path in _links(run):
        path.unlink(missing_ok=True)


def put_disk(run: Run, **came_in: object) -> None:
    """In a fence: the row of the stored disk; `came_in` are its `source_…` fields."""
    image = Image.objects.get(pk=run.job.subject_id)
    row = {"id": run.args["disk"], "role": role_in(image), "source_format": run.args["format"]}
    put_disks(image, [row | run.result("store") | came_in])


def role_in(image: Image) -> str:
    """What the disk of an image of one disk is there for."""
    return "data" if image.type == Image.Type.DATA else "system"
