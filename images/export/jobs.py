"""The long work of an export."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.export.rules import Format
from images.fields.encryption import key_of
from images.models import Image, ImageDisk
from imsconsole.cloud.buckets.expected import (
    attempted,
    begin_attempt,
    expect_object,
    forget_attempt,
    keep_expected,
    place_file,
)
from imsconsole.cloud.buckets.store import remove_bytes
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.checksums import file_digest
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.locks import locked
from imsconsole.engine.types import Exported, FileSink
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import left_for
from imsconsole.jobs.run import Run


class ExportImage(JobKind):
    """Args: `bucket` and `object` (UUIDs, the latter that of what is expected), `key`, `format`."""

    kind = "image.export"
    title = _("Export image")
    steps = {
        "write": _("Writing the file"),
        "place": _("Putting it into the bucket"),
        "register": _("Registering the object"),
        "tidy": _("Cleaning up"),
    }
    scrap = {"write": "place"}

    def write(self, run: Run) -> dict[str, Any]:
        """The whole file, beside the bucket."""
        with within_quota("bucket-quota-reached"):
            return write_file(run, _image(run), left_for(run, "bucket_bytes"))

    def undo_write(self, run: Run) -> None:
        sweep_files(run, _image(run))

    def place(self, run: Run) -> dict[str, Any]:
        """Under an ID of this attempt's own, so that nobody can meet half of it or replace it."""
        with run.fenced():
            own = begin_attempt(_expected(run), run.attempt)
        try:
            place_file(own, work_dir() / run.result("write")["file"])
            run.hold()
        except BaseException:
            forget_attempt(own)
            raise
        return {"object": str(own)}

    def undo_place(self, run: Run) -> None:
        _forget_attempts(run)

    def register(self, run: Run) -> None:
        """From now on it is seen. What was reserved gives way to what it really takes."""
        made = run.result("write")
        with run.fenced():
            run.job.reservations.all().delete()
            own = UUID(run.result("place")["object"])
            keep_expected(_expected(run), own, size_bytes=made["size_bytes"], sha256=made["sha256"])

    def undo_register(self, run: Run) -> None:
        if made := run.result("place").get("object"):
            with run.fenced():
                BucketObject.objects.filter(pk=UUID(made)).delete()
            remove_bytes(UUID(made))

    def tidy(self, run: Run) -> None:
        run.hold()
        remove_files(run)

    def sweep(self, run: Run) -> None:
        """What earlier attempts began and did not finish."""
        sweep_files(run, _image(run), but=run.result("write").get("file", ""))
        _forget_attempts(run, but=run.result("place").get("object", ""))

    def settle(self, job: Job, state: str) -> None:
        BucketObject.objects.arriving().filter(pk=UUID(job.args["object"])).delete()

    def resume(self, job: Job) -> None:
        """A retry: the name must still be free."""
        bucket = locked(Bucket.objects.all(), job.args["bucket"], gone=NotFound("bucket-gone"))
        if BucketObject.objects.filter(bucket=bucket, key=job.args["key"]).exists():
            raise Conflict("object-exists", bucket=bucket.name, key=job.args["key"])
        expect_object(UUID(job.args["object"]), bucket=bucket, key=job.args["key"], user=job.user)


@contextmanager
def within_quota(code: str) -> Iterator[None]:
    """The limit is what the quota has left; `code` says so. Raises Conflict."""
    try:
        yield
    except Conflict as error:
        if error.code == "beyond-limit":
            raise Conflict(code) from error
        raise


def exported_object(job: Job) -> BucketObject | None:
    """What an export has made, while it is there."""
    made = job.results.get("place", {}).get("object")
    if job.kind != ExportImage.kind or not made:
        return None
    return BucketObject.objects.stored().select_related("bucket").filter(pk=UUID(made)).first()


def _image(run: Run) -> Image:
    return Image.objects.get(pk=run.job.subject_id)


def write_file(run: Run, image: Image, limit_bytes: int) -> dict[str, Any]:
    """The image's one disk as a file of the format of the args: its name among the work files, `size_bytes`, `sha256`.

    As it is stored it must still be what once was stored. Raises NotFound, Conflict, NoSpace.
    """
    disk = image.disks.select_related("image__key").first()
    if image.status != Image.Status.ACTIVE or disk is None:
        raise NotFound("image-gone")
    sink, format = FileSink(work_dir() / run.token), run.args["format"]
    made = engine_for(image.region_id).export(
        disk.ref, sink, format=format, work=run, key=key_of(disk.image), limit_bytes=limit_bytes
    )
    if format == Format.STORED and not _is_still(sink.path, made, disk, run):
        raise Conflict("image-damaged", name=image.name)
    return {**asdict(made), "file": sink.path.name}


def _is_still(path: Path, made: Exported, disk: ImageDisk, run: Run) -> bool:
    """Whether a file as it is stored has the checksum that is known of it."""
    algorithm, _colon, digits = disk.checksum.partition(":")
    return digits == (made.sha256 if algorithm == "sha256" else file_digest(path, algorithm, run.report))


def sweep_files(run: Run, image: Image, but: str = "") -> None:
    """What earlier attempts have written, here and in the engine."""
    remove_files(run, but)
    engine_for(image.region_id).sweep(run.prefix)


def _expected(run: Run) -> UUID:
    return UUID(run.args["object"])


def remove_files(run: Run, but: str = "") -> None:
    for path in work_dir().glob(f"{run.prefix}*"):
        if path.name != but:
            with suppress(FileNotFoundError):
                path.unlink()


def _forget_attempts(run: Run, but: str = "") -> None:
    for number in range(1, run.attempt + 1):
        own = attempted(_expected(run), number)
        if str(own) != but:
            forget_attempt(own)
