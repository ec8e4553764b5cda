"""Exchanging a server's system disk: change OS, reinstall OS, undo; and deleting a disk that was kept.

The new system disk is built beside the old one, and the engine makes it the machine's; then the row changes in one
transaction. At every moment the old system or the new one can be started: where an engine has to make a new machine for
that and cannot, the server has none for now, and its disks.
"""

import contextlib
import logging
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.engines import engine_of, state_of
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.boot_check import kept_mark, watched_from
from imsconsole.cloud.servers.jobs import (
    DONE,
    bytes_of,
    forget_kept,
    idle_subject,
    locked_with_disks,
    settle_failed,
    settle_started,
    start_guest,
    subject_of,
)
from imsconsole.cloud.servers.specs import disk_spec, server_spec, write_refs
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.system_disk.rules import is_kept
from imsconsole.cloud.system_disk.swap import kept_until, swap_system_disk
from imsconsole.core.errors import ImsError, NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.engine.types import DiskSpec, Kind, ServerSpec
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import fits_quota
from imsconsole.jobs.run import Run

logger = logging.getLogger(__name__)


class ExchangeSystemDisk(JobKind):
    """What all exchanges share. `args`: `disk_id` comes, `former_id` goes aside.

    Undone, the server has its former disk again, stopped.
    """

    queue = QUICK
    busy: Server.Status
    failed: Server.Status

    def sweep(self, run: Run) -> None:
        engine_of(subject_of(run.job)).sweep(run.prefix)

    def stop(self, run: Run) -> None:
        """Those who may not be stopped were refused before (C12)."""
        server = subject_of(run.job)
        if server.ref:
            engine_of(server).stop(server.ref, graceful_s=settings.IMS_STOP_TIMEOUT_S, work=run)

    def switch(self, run: Run) -> dict[str, Any]:
        """The result says how long the console was before the new system's first word."""
        spec = self.switched(run, subject_of(run.job), incoming_of(run.job))
        with run.fenced():
            locked_with_disks(run.job)
            write_refs(spec)
            incoming = incoming_of(run.job)
            if incoming.beside:
                self.change_places(run, incoming)
        return kept_mark(state_of(subject_of(run.job)).console)

    def switched(self, run: Run, server: Server, incoming: Disk) -> ServerSpec:
        """What the engine does of it, and returns."""
        return engine_of(server).switch_system_disk(
            server_spec(server, incoming), system_spec(incoming), work=run
        )

    def change_places(self, run: Run, incoming: Disk) -> None:
        """The disk that comes becomes the system disk; the former one is kept."""
        swap_system_disk(
            locked(Server.objects.all(), run.job.subject_id),
            incoming,
            status=Disk.Status.KEPT,
            kept_until=kept_until(),
        )

    def undo_switch(self, run: Run) -> None:
        """The former disk takes its place again. Where a machine can then not be made, the server rests without one."""
        with run.fenced():
            if not incoming_of(run.job).beside:
                former = Disk.objects.get(pk=run.args["former_id"])
                self.put_back(locked_with_disks(run.job), former)
        server = subject_of(run.job)
        engine, spec = engine_of(server), server_spec(server)
        try:
            spec = engine.switch_system_disk(spec, spec.disks[0], work=run)
        except ImsError as error:
            if engine.find(Kind.SERVER, server.pk):
                raise
            logger.warning("%s leaves its server without a machine: %s", run.job.log_name, error)
            spec = replace(spec, ref="")
        with run.fenced():
            write_refs(spec)

    def put_back(self, server: Server, former: Disk) -> None:
        """The disk that came goes aside again, to be removed."""
        swap_system_disk(server, former, status=Disk.Status.CREATING, kept_until=None)

    def start(self, run: Run) -> dict[str, Any]:
        return start_guest(run)

    def undo_start(self, run: Run) -> None:
        server = subject_of(run.job)
        with contextlib.suppress(NotFound):
            engine_of(server).stop(server.ref, graceful_s=0, work=run)

    def settle(self, job: Job, state: str) -> None:
        if state == DONE:
            settle_started(job, **watched_from(job.results["switch"]))
        elif state == Job.State.CANCELLED:
            settle_failed(job, Server.Status.STOPPED)
        else:
            settle_failed(job, self.failed)

    def resume(self, job: Job) -> None:
        change_status(idle_subject(job), self.busy)


class ChangeOs(ExchangeSystemDisk):
    """`args` besides: `image_ref`, the stored disk the new system disk is built on."""

    kind = "server.change-os"
    title = _("Change OS")
    steps = {
        "stop": _("Stop"),
        "switch": _("Put a new system disk in the place of the old one"),
        "start": _("Start"),
    }
    busy, failed = Server.Status.CHANGING_OS, Server.Status.CHANGE_FAILED

    def switched(self, run: Run, server: Server, incoming: Disk) -> ServerSpec:
        with bytes_of(incoming.image.name if incoming.image else ""):
            return engine_of(server).switch_system_disk(
                server_spec(server, incoming), system_spec(incoming), run.args["image_ref"], work=run
            )

    def undo_switch(self, run: Run) -> None:
        super().undo_switch(run)
        server, disk = subject_of(run.job), incoming_of(run.job)
        engine_of(server).discard([disk.pk], run.prefix, work=run, server=server.pk)
        with run.fenced():
            Disk.objects.filter(pk=disk.pk).update(ref="")

    def settle(self, job: Job, state: str) -> None:
        """A disk that did not come about counts towards no quota."""
        locked_with_disks(job)
        super().settle(job, state)
        if state != DONE:
            gone = {"status": Disk.Status.DELETED, "deleted_at": now()}
            Disk.objects.filter(pk=job.args["disk_id"]).update(**gone)

    def resume(self, job: Job) -> None:
        """The disk is wanted again; the caller locks the project's row. Raises Refused (R122)."""
        locked_with_disks(job)
        disk = incoming_of(job)
        fits_quota(disk.project, {"disks": 1, "disk_gb": disk.size_gb}).require()
        Disk.objects.filter(pk=disk.pk).update(status=Disk.Status.CREATING, deleted_at=None)
        super().resume(job)


class ReinstallOs(ChangeOs):
    """The same with the image the server has (R138)."""

    kind = "server.reinstall-os"
    title = _("Reinstall OS")
    busy, failed = Server.Status.REINSTALLING, Server.Status.REINSTALL_FAILED


class UndoChangeOs(ExchangeSystemDisk):
    """A kept disk comes back and the present one is kept instead, so this can be undone as well."""

    kind = "server.undo-change-os"
    title = _("Undo the change of OS")
    steps = {
        "stop": _("Stop"),
        "switch": _("Bring the former disk back"),
        "start": _("Start"),
    }
    busy, failed = Server.Status.CHANGING_OS, Server.Status.CHANGE_FAILED

    def put_back(self, server: Server, former: Disk) -> None:
        """The disk that came is kept on."""
        swap_system_disk(server, former, status=Disk.Status.KEPT, kept_until=kept_until())

    def resume(self, job: Job) -> None:
        """What was kept may be gone since. Raises Refused."""
        is_kept(incoming_of(job)).require()
        super().resume(job)


class DeleteKeptDisk(JobKind):
    """The subject is the disk: its server can go on running."""

    kind = "disk.delete-kept"
    title = _("Delete a former system disk")
    queue = QUICK
    steps = {"disk": _("Delete the disk")}
    can_cancel = False

    def disk(self, run: Run) -> None:
        disk = Disk.objects.select_related("server__project").get(pk=run.job.subject_id)
        if disk.server and disk.ref:
            engine_of(disk.server).delete_disk(disk.ref, work=run)

    def settle(self, job: Job, state: str) -> None:
        """One that could not be deleted is kept on; the clock tries again."""
        disks = Disk.objects.filter(pk=job.subject_id)
        if state == DONE:
            forget_kept(disks)
        else:
            disks.existing().update(status=Disk.Status.KEPT)

    def resume(self, job: Job) -> None:
        Disk.objects.existing().filter(pk=job.subject_id).update(status=Disk.Status.DELETING)


def incoming_of(job: Job) -> Disk:
    """The disk that comes, as it is now."""
    return Disk.objects.select_related("image", "project", "key").get(pk=job.args["disk_id"])


def system_spec(disk: Disk) -> DiskSpec:
    """A disk that lies beside its server, as the system disk that it becomes."""
    return replace(disk_spec(disk), index=0)
