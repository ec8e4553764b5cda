"""The jobs that make full-ECS images: of a server through a backup, and of a backup that is there.

The image's disks are of the same bytes as the backup's: it costs none, and each may be deleted without the other.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from images.models import Image, ImageDisk
from images.models.disks import put_disks, undo_disks
from imsconsole.cloud.backups.jobs_create import CreateBackup, backup_of
from imsconsole.cloud.models import Backup, BackupDisk
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.rules import Refused, refuse
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run

Status = Image.Status


def rows_of(run: Run) -> list[dict[str, Any]]:
    """What the rows of the image's disks will say: each is of the same bytes as a disk of the backup."""
    return [_row(disk, run.args["disks"][str(disk.pk)]) for disk in backup_of(run).disks.all()]


def _row(disk: BackupDisk, new: str) -> dict[str, Any]:
    if not disk.stored:
        raise NotFound("backup-bytes-gone")
    key = disk.key_id if disk.index else None  # the system disk's is the image's
    return {
        "id": new,
        "index": disk.index,
        "role": disk.role,
        "stored_id": str(disk.stored_id),
        "key_id": key,
    }


def register_disks(run: Run) -> None:
    """The rows of the image's disks, and with them the image can be used."""
    with run.fenced():
        images = Image.objects.filter(pk=run.job.subject_id)
        images.filter(status=Status.SAVING).update(status=Status.ACTIVE, active_at=now(), updated_at=now())
        put_disks(images.get(), rows_of(run))


def unregister_disks(run: Run) -> None:
    with run.fenced():
        Image.objects.filter(pk=run.job.subject_id, status=Status.ACTIVE).update(
            status=Status.SAVING, active_at=None
        )
        undo_disks(ImageDisk.objects.filter(image=run.job.subject_id))


def settle_image(job: Job, state: str) -> None:
    """Of one that did not come about the reason."""
    if state != Job.State.DONE:
        error = {"error_code": job.error_code, "error_values": job.error_values}
        rows = Image.objects.filter(pk=job.subject_id).exclude(status=Status.DELETED)
        rows.update(status=Status.KILLED, updated_at=now(), **error)


def resume_image(job: Job) -> None:
    """It is wanted again. Raises Refused: it was deleted."""
    rows = Image.objects.filter(pk=job.subject_id, status=Status.KILLED)
    if not rows.update(status=Status.SAVING, error_code="", error_values={}, updated_at=now()):
        raise Refused(
            refuse("images-gone", _("An image of this job has been deleted since. Create the images anew."))
        )


class CaptureFull(CreateBackup):
    """`args` besides: `disks`, by the ID of a backup's disk that of the image's disk. The subject is the image.

    Once the disks are copied the image can be used, in the server's AZ; when the backup is complete, everywhere
    (R96).
    """

    kind = "image.capture-full"
    title = _("Create full-ECS image")
    steps = {
        "capture": _("Copying the disks as they are now"),
        "register": _("Registering the backup"),
        "publish": _("Registering the image"),
        "verify": _("Reading the backup again"),
    }

    def publish(self, run: Run) -> None:
        register_disks(run)

    def undo_publish(self, run: Run) -> None:
        unregister_disks(run)

    def settle(self, job: Job, state: str) -> None:
        settle_image(job, state)
        super().settle(job, state)

    def resume(self, job: Job) -> None:
        resume_image(job)
        super().resume(job)


class MakeOfBackup(JobKind):
    """`args`: `backup_id`; `disks` as above. Nobody deletes the backup meanwhile: it has an image."""

    kind = "image.make-of-backup"
    title = _("Create full-ECS image")
    queue = QUICK
    steps = {"publish": _("Registering the image")}

    def publish(self, run: Run) -> None:
        register_disks(run)

    def undo_publish(self, run: Run) -> None:
        unregister_disks(run)

    def settle(self, job: Job, state: str) -> None:
        settle_image(job, state)

    def resume(self, job: Job) -> None:
        if not Backup.objects.filter(pk=job.args["backup_id"], status=Backup.Status.AVAILABLE).exists():
            raise NotFound("backup-bytes-gone")
        resume_image(job)
