"""Long work on backups."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Backup, BackupDisk
from imsconsole.cloud.stored.removal import remove_stored
from imsconsole.core.now import now
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run

DONE = Job.State.DONE
Status = Backup.Status


class DeleteBackup(JobKind):
    """`backup.delete`: its bytes go, unless images made of it have them, or work reads them."""

    kind = "backup.delete"
    title = _("Delete backup")
    queue = QUICK
    can_cancel = False
    steps = {"remove": _("Remove its files")}

    def remove(self, run: Run) -> None:
        disks = BackupDisk.objects.filter(backup=run.job.subject_id)
        remove_stored(disks, run)
        with run.fenced():
            disks.update(size_bytes=0)

    def settle(self, job: Job, state: str) -> None:
        """One whose deletion was begun may have lost files: it can only be deleted again."""
        rows = Backup.objects.filter(pk=job.subject_id)
        if state == DONE:
            rows.update(status=Status.DELETED, deleted_at=now(), login={})
        else:
            error = {"error_code": job.error_code, "error_values": job.error_values}
            rows.update(status=Status.FAILED, **error)

    def resume(self, job: Job) -> None:
        Backup.objects.existing().filter(pk=job.subject_id).update(status=Status.DELETING)
