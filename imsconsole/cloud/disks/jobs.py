"""Long work on disks. The row says what is wanted, the machine is brought to it, the row's state says that it is so.

Of a disk that has a server the server is the job's subject: nothing else is done to it meanwhile (R130).
`args` always has `disk_id`.
"""

from contextlib import suppress
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.disks.rules import has_place, is_attachable, is_in_same_zone
from imsconsole.cloud.engines import engine_in, engine_of
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.jobs import DONE, bytes_of, idle_subject, subject_of
from imsconsole.cloud.servers.specs import disk_spec, key_of, server_spec
from imsconsole.cloud.servers.usage import record_usage
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.rules import Refused, refuse
from imsconsole.engine.types import GIB
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run

Status = Disk.Status


def disk_of(job: Job) -> Disk:
    """The job's disk with its server."""
    return Disk.objects.select_related("project", "server__project", "key").get(pk=job.args["disk_id"])


def give_place(disk: Disk, server: Server) -> None:
    """Write that a disk is coming to a server: the first free index, which it keeps. Both rows are locked."""
    taken = set(server.disks.attached().values_list("index", flat=True))
    disk.server, disk.status = server, Status.ATTACHING
    disk.index = next(index for index in range(1, len(taken) + 2) if index not in taken)
    disk.save(update_fields=["server", "index", "status"])


def take_place(disk: Disk) -> None:
    """Write that a disk belongs to no server. Its row is locked."""
    disk.server, disk.index, disk.status = None, 0, Status.AVAILABLE
    disk.save(update_fields=["server", "index", "status"])


class DiskKind(JobKind):
    """What all work on a disk shares."""

    queue = QUICK
    can_cancel = False
    busy: ClassVar[Disk.Status]

    def resume(self, job: Job) -> None:
        self._write(job, status=self.busy)

    def _write(self, job: Job, **fields: Any) -> None:
        Disk.objects.existing().filter(pk=job.args["disk_id"]).update(**fields)


class CreateDisk(DiskKind):
    """A disk that belongs to no server. `args` besides: `image_ref`, the stored disk it is filled from, if it is not blank."""

    kind = "disk.create"
    title = _("Create disk")
    steps = {"disk": _("Create the disk")}
    can_cancel = True
    busy = Status.CREATING

    def sweep(self, run: Run) -> None:
        engine_in(disk_of(run.job).project).sweep(run.prefix)

    def disk(self, run: Run) -> None:
        disk = disk_of(run.job)
        engine, image_ref = engine_in(disk.project), run.args.get("image_ref", "")
        with bytes_of(disk.name):
            ref = engine.create_disk(
                disk.pk, disk.size_gb * GIB, work=run, image_ref=image_ref, key=key_of(disk)
            )
        with run.fenced():
            self._write(run.job, ref=ref)

    def undo_disk(self, run: Run) -> None:
        disk = disk_of(run.job)
        engine_in(disk.project).discard([disk.pk], run.prefix, work=run)
        with run.fenced():
            self._write(run.job, ref="")

    def settle(self, job: Job, state: str) -> None:
        """One that did not come about stays to be looked at, retried or deleted."""
        self._write(job, status=Status.AVAILABLE if state == DONE else Status.FAILED)


class DeleteDisk(DiskKind):
    """Of a data disk that belongs to no server."""

    kind = "disk.delete"
    title = _("Delete disk")
    steps = {"disk": _("Delete the disk")}
    busy = Status.DELETING

    def disk(self, run: Run) -> None:
        disk = disk_of(run.job)
        if disk.ref:
            engine_in(disk.project).delete_disk(disk.ref, work=run)

    def settle(self, job: Job, state: str) -> None:
        if state == DONE:
            self._write(job, status=Status.DELETED, deleted_at=now(), ref="")
        else:
            disk = locked(Disk.objects.all(), job.args["disk_id"])
            self._write(job, status=Status.AVAILABLE if disk.ref else Status.FAILED)


class AttachDisk(DiskKind):
    """The row names the server from the beginning: whenever the guest starts, it starts with this disk."""

    kind = "disk.attach"
    title = _("Attach disk")
    steps = {"attach": _("Attach the disk")}
    busy = Status.ATTACHING

    def attach(self, run: Run) -> None:
        server, disk = subject_of(run.job), disk_of(run.job)
        ref = engine_of(server).attach(server_spec(server), disk_spec(disk), work=run)
        with run.fenced():
            self._write(run.job, ref=ref)

    def undo_attach(self, run: Run) -> None:
        """A guest that got the disk and does not let go of it has it."""
        server = subject_of(run.job)
        with suppress(NotFound):
            try:
                engine_of(server).detach(server_spec(server), disk_spec(disk_of(run.job)), work=run)
            except Conflict:
                with run.fenced():
                    self._write(run.job, status=Status.IN_USE)

    def settle(self, job: Job, state: str) -> None:
        server = idle_subject(job)
        disk = locked(Disk.objects.all(), job.args["disk_id"])
        if state == DONE:
            self._write(job, status=Status.IN_USE)
        elif disk.status == self.busy:
            take_place(disk)
        record_usage(server, now())

    def resume(self, job: Job) -> None:
        """What was available then may be elsewhere now. Raises Refused."""
        server = idle_subject(job)
        disk = locked(Disk.objects.all(), job.args["disk_id"])
        if disk.server_id == server.pk and disk.status == Status.IN_USE:
            self._write(job, status=self.busy)
        else:
            (is_attachable(disk) and has_place(server) and is_in_same_zone(disk, server)).require()
            give_place(disk, server)


class DetachDisk(DiskKind):
    """The row names the server until its guest has let go: a guest that never does keeps the disk."""

    kind = "disk.detach"
    title = _("Detach disk")
    steps = {"detach": _("Detach the disk")}
    busy = Status.DETACHING

    def detach(self, run: Run) -> None:
        server = subject_of(run.job)
        engine_of(server).detach(server_spec(server), disk_spec(disk_of(run.job)), work=run)

    def settle(self, job: Job, state: str) -> None:
        server = idle_subject(job)
        disk = locked(Disk.objects.all(), job.args["disk_id"])
        if state == DONE:
            take_place(disk)
        else:
            self._write(job, status=Status.IN_USE)
        record_usage(server, now())

    def resume(self, job: Job) -> None:
        """It may have left since. Raises Refused."""
        idle_subject(job)
        disk = locked(Disk.objects.all(), job.args["disk_id"])
        if disk.server_id != job.subject_id or disk.status != Status.IN_USE:
            raise Refused(refuse("disk-not-attached", _("The disk is not attached to a server.")))
        super().resume(job)


class GrowDisk(DiskKind):
    """`args` besides: `size_gb`, what it becomes. The job reserves the difference of the quota."""

    kind = "disk.grow"
    title = _("Expand disk")
    steps = {"grow": _("Expand the disk")}
    busy = Status.GROWING

    def grow(self, run: Run) -> None:
        disk = disk_of(run.job)
        server = subject_of(run.job) if disk.server else None
        ref = engine_in(disk.project).grow_disk(
            disk_spec(disk),
            run.job.args["size_gb"] * GIB,
            work=run,
            server=server_spec(server) if server else None,
        )
        with run.fenced():
            self._write(run.job, ref=ref)

    def settle(self, job: Job, state: str) -> None:
        """Size and usage change together; a size that is there already only waits for the retry."""
        server = locked(Server.objects.all(), job.subject_id) if disk_of(job).server_id else None
        size = {"size_gb": job.args["size_gb"]} if state == DONE else {}
        self._write(job, status=Status.IN_USE if server else Status.AVAILABLE, **size)
        if server:
            record_usage(server, now())

    def resume(self, job: Job) -> None:
        """It may have grown, moved or gone since. Raises Refused."""
        if job.subject_kind == "server":
            idle_subject(job)
        disk = locked(Disk.objects.all(), job.args["disk_id"])
        if disk.status not in (Status.IN_USE, Status.AVAILABLE) or disk.size_gb >= job.args["size_gb"]:
            raise Refused(
                refuse("disk-moved-on", _("The disk has changed since. Look at it and start anew."))
            )
        super().resume(job)
