"""The long work of examining a file that came by way of any number of web hosts."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.models.upload import kept_until
from images.receiving.limits import limit_virtual_bytes
from images.uploads.arriving import FillUpload, remove_files, upload_of
from images.uploads.found import examine_file, to_json, with_hash
from imsconsole.cloud.spool.kinds import uploads
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import Found
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run


class ExamineUpload(FillUpload):
    """Nothing is undone: a file that could not be examined waits, and a retry does. One that is no image is refused."""

    kind = "upload.examine"
    title = _("Examine file")
    steps = {"examine": _("Examining the file"), "complete": _("Completing the upload")}
    can_cancel = False  # the upload can be discarded

    def examine(self, run: Run) -> dict[str, Any]:
        """Bring it to this host, hash it and inspect it on the way, and look at the whole of it."""
        upload, path = upload_of(run), work_dir() / run.token
        inspector = Inspector(limit_virtual_bytes())
        try:
            uploads().take(upload.pk, path, run.report, see=inspector.feed)
            found = _found(inspector, upload)
            seen = examine_file(path, claimed=found.format)
        except FileNotFoundError as error:
            raise NotFound("upload-gone", name=upload.name) from error
        except BadImage:
            run.write(args={**run.args, "refused": True})
            raise
        finally:
            path.unlink(missing_ok=True)
        return {"found": to_json(with_hash(seen, found.sha256))}

    def arrived(self, run: Run) -> dict[str, Any]:
        return run.result("examine")

    def bring(self, run: Run, came: dict[str, Any]) -> str:
        return ""

    def undo_complete(self, run: Run) -> None:
        pass

    def sweep(self, run: Run) -> None:
        remove_files(run)

    def settle(self, job: Job, state: str) -> None:
        """Refused with the reason, when that is the file's own; else it waits."""
        if state == Job.State.FAILED and self.is_final(job):
            why = {"error_code": job.error_code, "error_values": job.error_values}
            upload = Upload.objects.filter(pk=job.subject_id)
            upload.update(state=Upload.State.REFUSED, size_bytes=0, received_bytes=0, **why)
            uploads().discard(job.subject_id)

    def is_final(self, job: Job) -> bool:
        return bool(job.args.get("refused"))

    def resume(self, job: Job) -> None:
        waits = Upload.objects.filter(pk=job.subject_id, state=Upload.State.EXAMINING)
        if not waits.update(expires_at=kept_until()):
            raise NotFound("upload-gone", name=job.subject_name)


def _found(inspector: Inspector, upload: Upload) -> Found:
    found = inspector.finish(upload.claimed_format)
    if upload.claimed_sha256 not in ("", found.sha256):
        raise BadImage("checksum-differs", wanted=upload.claimed_sha256, found=found.sha256)
    return found
