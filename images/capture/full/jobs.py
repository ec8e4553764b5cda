"""The jobs that make full-ECS images: of a server through a backup, and of a backup that is there.

The image's disks are links to the backup's: it costs no bytes, and each may be deleted without the other.
"""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.create.jobs import put_disks
from images.models import Image, ImageDisk
from imsconsole.cloud.backups.jobs_create import CreateBackup, backup_of, engine_of_backup
from imsconsole.cloud.models import Backup, BackupDisk
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.rules import Refused, refuse
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run

Status = Image.Status


def link_disks(run: Run) -> dict[str, Any]:
    """Each stored disk of the backup once more, for the image; what their rows will say."""
    backup = backup_of(run)
    return {"rows": [_linked(disk, run) for disk in backup.disks.all()]}


def _linked(disk: BackupDisk, run: Run) -> dict[str, Any]:
    if not disk.ref:
        raise NotFound("backup-bytes-gone")
    new = run.args["disks"][str(disk.pk)]
    stored = engine_of_backup(disk.backup).copy(UUID(new), disk.ref, work=run)
    key = str(disk.key_id) if disk.key_id and disk.index else None  # the system disk's is the image's
    about = {"index": disk.index, "role": disk.role, "bytes_id": str(disk.pk), "key_id": key}
    return {"id": new, **about, **asdict(stored), "sha256": disk.sha256}


def unlink_disks(run: Run) -> None:
    engine_of_backup(backup_of(run)).discard(map(UUID, run.args["disks"].values()), run.prefix, work=run)


def register_disks(run: Run, rows: list[dict[str, Any]]) -> None:
    """The rows of the image's disks, and with them the image can be used. In a fence."""
    image = Image.objects.get(pk=run.job.subject_id)
    put_disks(image, rows)
    Image.objects.filter(pk=image.pk, status=Status.SAVING).update(
        status=Status.ACTIVE, active_at=now(), updated_at=now()
    )


def unregister_disks(run: Run) -> None:
    with run.fenced():
        ImageDisk.objects.filter(image=run.job.subject_id).delete()
        Image.objects.filter(pk=run.job.subject_id, status=Status.ACTIVE).update(
            status=Status.SAVING, active_at=None
        )


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
        "link": _("Making the image of the backup"),
        "publish": _("Registering the image"),
        "verify": _("Reading the backup again"),
    }

    def link(self, run: Run) -> dict[str, Any]:
        return link_disks(run)

    def undo_link(self, run: Run) -> None:
        unlink_disks(run)

    def publish(self, run: Run) -> None:
        with run.fenced():
            register_disks(run, run.result("link")["rows"])

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
    steps = {
        "link": _("Making the image of the backup"),
        "publish": _("Registering the image"),
    }

    def link(self, run: Run) -> dict[str, Any]:
        return link_disks(run)

    def undo_link(self, run: Run) -> None:
        unlink_disks(run)

    def publish(self, run: Run) -> None:
        with run.fenced():
            register_disks(run, run.result("link")["rows"])

    def undo_publish(self, run: Run) -> None:
        unregister_disks(run)

    def sweep(self, run: Run) -> None:
        engine_of_backup(backup_of(run)).sweep(run.prefix)

    def settle(self, job: Job, state: str) -> None:
        settle_image(job, state)

    def resume(self, job: Job) -> None:
        if not Backup.objects.filter(pk=job.args["backup_id"], status=Backup.Status.AVAILABLE).exists():
            raise NotFound("backup-bytes-gone")
        resume_image(job)
