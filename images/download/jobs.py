"""The long work of writing an image in another format, to be downloaded."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from images.export.jobs import remove_files, sweep_files, within_quota, write_file
from images.models import Download, Image
from imsconsole.cloud.spool.kinds import downloads
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import left_for, registering
from imsconsole.jobs.run import Run


class PrepareDownload(JobKind):
    """Subject: the download. Args: `format`."""

    kind = "download.prepare"
    title = _("Prepare download")
    steps = {"write": _("Writing the file"), "keep": _("Putting it out"), "tidy": _("Cleaning up")}
    scrap = {"write": "keep"}

    def write(self, run: Run) -> dict[str, Any]:
        with within_quota("store-quota-reached"):
            return write_file(run, _image(run), left_for(run, "store_bytes"))

    def undo_write(self, run: Run) -> None:
        sweep_files(run, _image(run))

    def keep(self, run: Run) -> None:
        """From now on it is there, for as long as that was said to be."""
        if _download(run).state != Download.State.PREPARING:
            return  # it is already
        made = run.result("write")
        brought = downloads().bring(run.job.subject_id, work_dir() / made["file"], run.report)
        with registering(run):
            download = _download(run)
            if download.state == Download.State.PREPARING:
                downloads().keep(download.pk, brought)
                sizes = {"size_bytes": made["size_bytes"], "sha256": made["sha256"]}
                _rows(run).update(state=Download.State.READY, expires_at=kept_until(), **sizes)

    def tidy(self, run: Run) -> None:
        run.hold()
        remove_files(run)

    def undo_keep(self, run: Run) -> None:
        downloads().discard(run.job.subject_id)

    def sweep(self, run: Run) -> None:
        sweep_files(run, _image(run), but=run.result("write").get("file", ""))

    def settle(self, job: Job, state: str) -> None:
        """Ready; failed with the reason; or, when it was cancelled, gone."""
        download = Download.objects.filter(pk=job.subject_id)
        if state == Job.State.CANCELLED:
            download.delete()
        elif state == Job.State.FAILED:
            why = {"error_code": job.error_code, "error_values": job.error_values}
            download.update(state=Download.State.FAILED, size_bytes=0, sha256="", **why)

    def resume(self, job: Job) -> None:
        again = {"state": Download.State.PREPARING, "error_code": "", "error_values": {}}
        if not Download.objects.filter(pk=job.subject_id).update(expires_at=kept_until(), **again):
            raise NotFound("download-gone", name=job.subject_name)


def kept_until() -> datetime:
    """When a file that is there now is removed."""
    return now() + timedelta(hours=settings.IMS_DOWNLOAD_KEPT_HOURS)


def _rows(run: Run) -> QuerySet[Download]:
    return Download.objects.filter(pk=run.job.subject_id)


def _download(run: Run) -> Download:
    """Raises NotFound."""
    download = _rows(run).first()
    if download is None:
        raise NotFound("download-gone", name=run.job.subject_name)
    return download


def _image(run: Run) -> Image:
    return Image.objects.get(pk=_download(run).image_id)
