"""The job that makes a backup: all disks of a server as they are at one instant, stored, then read once more."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.rules import fits_vault
from imsconsole.cloud.disks.rules import is_source
from imsconsole.cloud.engines import engine_in
from imsconsole.cloud.models import Backup, BackupDisk, Disk, Server, StoredBytes, Vault
from imsconsole.cloud.servers.specs import disk_spec, server_spec
from imsconsole.cloud.stored.rows import facts_of, keep_stored, undo_stored, unkept
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.engine.api import Engine
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import registering
from imsconsole.jobs.run import Run

DONE = Job.State.DONE
Status = Backup.Status


class CreateBackup(JobKind):
    """`args`: `backup_id`; `server`, whose disks it is of; the keys of `holds` are what nobody may touch meanwhile.

    The backup's disks have their rows already: they say which disk is stored under which ID.
    """

    kind = "backup.create"
    title = _("Create backup")
    steps = {
        "capture": _("Copying the disks as they are now"),
        "register": _("Registering the backup"),
        "verify": _("Reading the backup again"),
    }

    def capture(self, run: Run) -> dict[str, Any]:
        """The server goes on meanwhile, and may even power off. What was there at `taken_at` is in the copy."""
        backup = backup_of(run)
        with run.fenced():
            Backup.objects.filter(pk=backup.pk, taken_at=None).update(taken_at=now())
        disks = {disk.pk: disk_spec(_disk(disk.disk_id)) for disk in backup.disks.all()}
        server = server_spec(_server(run.args["server"]))
        stored = engine_of_backup(backup).capture(server, disks, work=run)
        return {str(each): asdict(disk) for each, disk in stored.items()}

    def undo_capture(self, run: Run) -> None:
        backup = backup_of(run)
        engine_of_backup(backup).discard(unkept(disk.pk for disk in backup.disks.all()), run.prefix, work=run)

    def register(self, run: Run) -> None:
        """What the disks really take. The server is everybody's again."""
        with registering(run):
            kept = keep_stored(backup_of(run).project.region_id, run.result("capture"))
            for pk, stored in kept.items():
                BackupDisk.objects.filter(pk=pk).update(**facts_of(stored))
            release(run.job)

    def undo_register(self, run: Run) -> None:
        with run.fenced():
            disks = backup_of(run).disks.all()
            undo_stored(disks)
            disks.update(size_bytes=0)

    def verify(self, run: Run) -> None:
        """The backup is complete once its bytes were read again."""
        backup = backup_of(run)
        for disk in backup.disks.all():
            if not engine_of_backup(backup).verify(disk.ref, disk.checksum, work=run):
                raise BadImage("backup-differs", name=disk.name)

    def sweep(self, run: Run) -> None:
        """What a running guest copies goes on: the next attempt follows it to its end."""
        engine_of_backup(backup_of(run)).sweep(run.prefix, keep_captures=not run.job.outcome)

    def settle(self, job: Job, state: str) -> None:
        release(job)
        settle_backup(job, state)
        if state != DONE:
            Backup.objects.filter(pk=job.args["backup_id"]).update(taken_at=None)

    def resume(self, job: Job) -> None:
        """Its server may be another by now. Raises Refused, NotFound."""
        occupy(job)
        resume_backup(job)


def settle_backup(job: Job, state: str) -> None:
    """Available, its bytes having just been read; or failed with the reason."""
    rows = Backup.objects.filter(pk=job.args["backup_id"])
    if state == DONE:
        rows.update(status=Status.AVAILABLE, error_code="", error_values={})
        StoredBytes.objects.filter(backupdisks__backup=job.args["backup_id"]).update(verified_at=now())
    else:
        rows.update(status=Status.FAILED, error_code=job.error_code, error_values=job.error_values)


def resume_backup(job: Job) -> None:
    """It is wanted again, but its vault may be full by now; the caller locks the project's row. Raises Refused, NotFound."""
    backup = locked(Backup.objects.existing().filter(status=Status.FAILED), job.args["backup_id"])
    if backup.vault_id:
        vault = locked(Vault.objects.existing().with_facts(), backup.vault_id)
        fits_vault(vault, backup.size_gb).require()
    backup.status = Status.CREATING
    backup.save(update_fields=["status"])


def backup_of(run: Run) -> Backup:
    """The job's backup with its disks."""
    backups = Backup.objects.select_related("project", "vault").prefetch_related("disks")
    return backups.get(pk=run.args["backup_id"])


def engine_of_backup(backup: Backup) -> Engine:
    return engine_in(backup.project)


def occupy(job: Job) -> None:
    """Keep everybody else from the server while its disks are copied. Raises Refused, NotFound: it has others now."""
    gone = NotFound("server-moved-on")
    server = locked(Server.objects.existing(), job.args["server"], gone=gone)
    is_source(server).require()
    wanted = set(BackupDisk.objects.filter(backup=job.args["backup_id"]).values_list("disk_id", flat=True))
    if wanted != set(server.disks.attached().exclude(ref="").values_list("pk", flat=True)):
        raise gone
    Server.objects.filter(pk=server.pk).update(task=Server.Task.BACKUP)


def release(job: Job) -> None:
    """Take back what `occupy` wrote."""
    Server.objects.filter(pk=job.args["server"], task=Server.Task.BACKUP).update(task="")


def _disk(disk_id: UUID) -> Disk:
    disk = Disk.objects.existing().select_related("key").filter(pk=disk_id).exclude(ref="").first()
    if disk is None:
        raise NotFound("server-moved-on")
    return disk


def _server(server_id: str) -> Server:
    return Server.objects.select_related("project", "flavor", "image").get(pk=server_id)
