"""Long work at whose end an upload has its file, wherever that comes from."""

from typing import Any

from django.db.models import QuerySet

from images.models import Upload
from images.models.upload import kept_until
from images.uploads.archives import begin_disks, drop_disks, fill
from images.uploads.found import from_json
from imsconsole.cloud.spool.kinds import uploads
from imsconsole.core.errors import NotFound
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import fits_quota, lock_project
from imsconsole.jobs.run import Run

ARRIVING = (Upload.State.RECEIVING, Upload.State.EXAMINING)


class FillUpload(JobKind):
    """Base of the kinds. Subject: the upload. The last steps are `complete` and `tidy`."""

    def arrived(self, run: Run) -> dict[str, Any]:
        """What came: `file`, its name among the work files, and `found` in it."""
        raise NotImplementedError

    def complete(self, run: Run) -> None:
        """The file is the upload's from now on."""
        if upload_of(run).state not in ARRIVING:
            return  # it was already
        came = self.arrived(run)
        found = from_json(came["found"])
        with run.fenced():
            if (upload := upload_of(run)).state in ARRIVING:
                begin_disks(upload, found)
        brought = self.bring(run, came)
        with run.fenced():
            if (upload := upload_of(run)).state in ARRIVING:
                if brought:
                    uploads().keep(upload.pk, brought)
                fill(upload, found)

    def bring(self, run: Run, came: dict[str, Any]) -> str:
        """What came goes to the spool; empty when it lies there."""
        return uploads().bring(run.job.subject_id, work_dir() / came["file"], run.report)

    def tidy(self, run: Run) -> None:
        run.hold()
        remove_files(run)

    def undo_complete(self, run: Run) -> None:
        uploads().discard(run.job.subject_id)
        for upload in rows_of(run):
            drop_disks(upload)

    def settle(self, job: Job, state: str) -> None:
        """Complete; refused with the reason; or, when it was cancelled, gone."""
        upload = Upload.objects.filter(pk=job.subject_id)
        if state == Job.State.CANCELLED:
            upload.delete()
        elif state == Job.State.FAILED:
            why = {"error_code": job.error_code, "error_values": job.error_values}
            upload.update(state=Upload.State.REFUSED, size_bytes=0, received_bytes=0, found={}, **why)

    def resume(self, job: Job) -> None:
        """Its quota is reserved again, as far as its size is known."""
        upload = Upload.objects.select_related("project").filter(pk=job.subject_id).first()
        if upload is None:
            raise NotFound("upload-gone", name=job.subject_name)
        size_bytes = job.args.get("size_bytes", 0)
        lock_project(upload.project)
        fits_quota(upload.project, {"upload_bytes": size_bytes}).require()
        upload.state, upload.size_bytes = Upload.State.RECEIVING, size_bytes
        upload.error_code, upload.error_values, upload.expires_at = "", {}, kept_until()
        upload.save()


def rows_of(run: Run) -> QuerySet[Upload]:
    return Upload.objects.filter(pk=run.job.subject_id)


def upload_of(run: Run) -> Upload:
    """Raises NotFound."""
    upload = rows_of(run).select_related("project__region").first()
    if upload is None:
        raise NotFound("upload-gone", name=run.job.subject_name)
    return upload


def remove_files(run: Run, *but: str) -> None:
    """What the job has among the work files, except these."""
    for path in work_dir().glob(f"{run.prefix}*"):
        if path.name not in but:
            path.unlink(missing_ok=True)
