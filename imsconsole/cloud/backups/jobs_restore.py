"""The job that brings a server back to a backup: new disks beside the present ones, then all change places at once.

Nothing is written over. The former system disk is kept for undo, as after a change of OS; former data disks
stay as available disks.
"""

from dataclasses import replace

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.rules import is_available
from imsconsole.cloud.engines import engine_of
from imsconsole.cloud.models import Backup, BackupDisk, Disk, Server
from imsconsole.cloud.servers.jobs import DONE, locked_with_disks, subject_of
from imsconsole.cloud.servers.specs import disk_spec, key_of, server_spec
from imsconsole.cloud.system_disk.jobs import ExchangeSystemDisk, system_spec
from imsconsole.cloud.system_disk.swap import kept_until, swap_system_disk
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.engine.types import GIB, ServerSpec
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import fits_quota
from imsconsole.jobs.run import Run

Status = Disk.Status


class RestoreBackup(ExchangeSystemDisk):
    """`args` besides: `backup_id`; `disks`, by the ID of each new disk the backup's disk it is filled from.

    New data disks lie beside the server until they change places with whatever is at their index.
    """

    kind = "backup.restore"
    title = _("Restore backup")
    steps = {
        "stop": _("Stop"),
        "disks": _("Create the disks of the backup"),
        "switch": _("Put the present disks aside"),
        "start": _("Start"),
    }
    busy, failed = Server.Status.RESTORING, Server.Status.STOPPED

    def disks(self, run: Run) -> None:
        server = subject_of(run.job)
        engine = engine_of(server)
        for disk in coming(run.job).select_related("key").filter(role=Disk.Role.DATA):
            source = _source_of(disk, run)
            ref = engine.create_disk(
                disk.pk, disk.size_gb * GIB, work=run, image_ref=source.ref, key=key_of(disk)
            )
            with run.fenced():
                Disk.objects.filter(pk=disk.pk).update(ref=ref)

    def undo_disks(self, run: Run) -> None:
        server = subject_of(run.job)
        built = [disk.pk for disk in coming(run.job)]
        engine_of(server).discard(built, run.prefix, work=run, server=server.pk)
        with run.fenced():
            coming(run.job).update(ref="")

    def switched(self, run: Run, server: Server, incoming: Disk) -> ServerSpec:
        """The data disks that come are those of their index then."""
        spec = server_spec(server, incoming)
        data = coming(run.job).select_related("key").filter(role=Disk.Role.DATA)
        disks = {disk.index: disk for disk in (*spec.disks, *map(disk_spec, data))}
        wanted = replace(spec, disks=tuple(disks[index] for index in sorted(disks)))
        return engine_of(server).switch_system_disk(
            wanted, system_spec(incoming), _source_of(incoming, run).ref, work=run
        )

    def change_places(self, run: Run, incoming: Disk) -> None:
        """All disks at once: the system disk as after a change of OS, data disks by their index."""
        server = locked(Server.objects.all(), run.job.subject_id)
        for disk in coming(run.job).filter(role=Disk.Role.DATA):
            present = server.disks.attached().filter(index=disk.index)
            present.update(beside=True, status=Status.DETACHING)
            Disk.objects.filter(pk=disk.pk).update(beside=False, status=Status.IN_USE)
        swap_system_disk(server, incoming, status=Status.KEPT, kept_until=kept_until())

    def put_back(self, server: Server, former: Disk) -> None:
        """Those that came go aside again, to be removed, and those that were there take their places."""
        job = Job.objects.live().about(server.pk).get()
        came = coming(job).filter(role=Disk.Role.DATA)
        came.update(beside=True, status=Status.CREATING)
        _leaving(server).update(beside=False, status=Status.IN_USE)
        super().put_back(server, former)

    def settle(self, job: Job, state: str) -> None:
        """Former data disks belong to no server any more; disks that did not come about count towards no quota."""
        server = locked_with_disks(job)
        if state == DONE:
            _leaving(server).update(server=None, index=0, beside=False, status=Status.AVAILABLE)
        else:
            coming(job).update(status=Status.DELETED, deleted_at=now())
        Backup.objects.filter(pk=job.args["backup_id"], status=Backup.Status.RESTORING).update(
            status=Backup.Status.AVAILABLE
        )
        super().settle(job, state)

    def resume(self, job: Job) -> None:
        """The disks are wanted again; the caller locks the project's row. Raises Refused (R122), NotFound."""
        locked_with_disks(job)
        backup = locked(Backup.objects.existing(), job.args["backup_id"])
        is_available(backup).require()
        disks = list(Disk.objects.filter(pk__in=job.args["disks"]).select_related("project"))
        wanted = {"disks": len(disks), "disk_gb": sum(disk.size_gb for disk in disks)}
        fits_quota(disks[0].project, wanted).require()
        Disk.objects.filter(pk__in=job.args["disks"]).update(status=Status.CREATING, deleted_at=None)
        Backup.objects.filter(pk=backup.pk).update(status=Backup.Status.RESTORING)
        super().resume(job)


def coming(job: Job) -> QuerySet[Disk]:
    """The new disks."""
    return Disk.objects.filter(pk__in=list(job.args["disks"]))


def _leaving(server: Server) -> QuerySet[Disk]:
    """The data disks that were at the server until now."""
    return server.disks.existing().filter(role=Disk.Role.DATA, beside=True, status=Status.DETACHING)


def _source_of(disk: Disk, run: Run) -> BackupDisk:
    source = BackupDisk.objects.filter(pk=run.args["disks"][str(disk.pk)]).exclude(stored=None).first()
    if source is None:
        raise NotFound("backup-bytes-gone")
    return source
