"""The long work of taking an object whose bytes lie elsewhere."""

import os
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.uploads.archives import begin_disks, drop_disks, fill
from images.uploads.found import check_fast, examine_file, from_json, limit_virtual_bytes, to_json, with_hash
from images.uploads.receiver import kept_until
from imsconsole.cloud.buckets.store import stream_object
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import MIB
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import fits_quota, lock_project
from imsconsole.jobs.run import Run


class TakeObject(JobKind):
    """Subject: the upload. Args: `object` (a UUID) and `size_bytes`."""

    kind = "upload.take"
    title = _("Fetch object")
    steps = {"fetch": _("Fetching the file"), "complete": _("Completing the upload")}

    @raises_no_space()
    def fetch(self, run: Run) -> dict[str, Any]:
        """All bytes, inspected while they arrive and again when they are here."""
        upload, path = _upload(run), work_dir() / run.token
        _rows(run).update(expires_at=kept_until())
        path.unlink(missing_ok=True)
        inspector, total = Inspector(limit_virtual_bytes()), run.args["size_bytes"]
        with stream_object(_object(run)) as stream, path.open("xb") as out:
            while piece := stream.read(MIB):
                inspector.feed(piece)
                out.write(piece)
                run.report(inspector.size_bytes, total)
            out.flush()
            os.fsync(out.fileno())
        found = inspector.finish(upload.claimed_format)
        if found.sha256 != upload.claimed_sha256:
            raise BadImage("checksum-differs", wanted=upload.claimed_sha256, found=found.sha256)
        check_fast(found, is_fast=upload.is_fast)
        seen = examine_file(
            path,
            upload.project.region,
            claimed=found.format,
            looks_inside=not upload.is_fast,
        )
        return {"file": path.name, "found": to_json(with_hash(seen, found.sha256))}

    def undo_fetch(self, run: Run) -> None:
        _remove_files(run)

    def complete(self, run: Run) -> None:
        """The file is the upload's from now on."""
        found = from_json(run.result("fetch")["found"])
        with run.fenced():
            if (upload := _upload(run)).state == Upload.State.RECEIVING:
                begin_disks(upload, found)
        with run.fenced():
            if (upload := _upload(run)).state == Upload.State.RECEIVING:
                upload.path.unlink(missing_ok=True)
                os.link(work_dir() / run.result("fetch")["file"], upload.path)
                fill(upload, found)
        _remove_files(run)

    def undo_complete(self, run: Run) -> None:
        for upload in _rows(run):
            upload.path.unlink(missing_ok=True)
            drop_disks(upload)

    def sweep(self, run: Run) -> None:
        _remove_files(run, but=run.result("fetch").get("file", ""))

    def settle(self, job: Job, state: str) -> None:
        """Complete; refused with the reason; or, when it was cancelled, gone."""
        upload = Upload.objects.filter(pk=job.subject_id)
        if state == Job.State.CANCELLED:
            upload.delete()
        elif state == Job.State.FAILED:
            why = {"error_code": job.error_code, "error_values": job.error_values}
            upload.update(state=Upload.State.REFUSED, size_bytes=0, found={}, **why)

    def resume(self, job: Job) -> None:
        upload = Upload.objects.select_related("project").filter(pk=job.subject_id).first()
        if upload is None:
            raise NotFound("upload-gone", name=job.subject_name)
        lock_project(upload.project)
        fits_quota(upload.project, {"upload_bytes": job.args["size_bytes"]}).require()
        upload.state, upload.size_bytes = Upload.State.RECEIVING, job.args["size_bytes"]
        upload.error_code, upload.error_values, upload.expires_at = "", {}, kept_until()
        upload.save()


def _rows(run: Run) -> QuerySet[Upload]:
    return Upload.objects.filter(pk=run.job.subject_id)


def _upload(run: Run) -> Upload:
    upload = _rows(run).select_related("project__region").first()
    if upload is None:
        raise NotFound("upload-gone", name=run.job.subject_name)
    return upload


def _object(run: Run) -> BucketObject:
    found = BucketObject.objects.stored().filter(pk=UUID(run.args["object"])).first()
    if found is None:
        raise NotFound("object-bytes-gone", name=run.job.subject_name)
    return found


def _remove_files(run: Run, but: str = "") -> None:
    for path in work_dir().glob(f"{run.prefix}*"):
        if path.name != but:
            path.unlink(missing_ok=True)
