"""Long work on servers. No engine call inside a transaction; every step may run twice."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.engines import engine_of, state_of
from imsconsole.cloud.models import Disk, Flavor, Server
from imsconsole.cloud.servers.rules import is_idle
from imsconsole.cloud.servers.specs import key_of, server_spec, write_refs
from imsconsole.cloud.servers.states import change_status, reached_at
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_all
from imsconsole.core.now import now
from imsconsole.engine.types import GIB, Kind, ServerSpec
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run

DONE = Job.State.DONE


def subject_of(job: Job) -> Server:
    """The job's server with what its engine must know."""
    servers = Server.objects.select_related("project", "flavor", "image")
    return servers.get(pk=job.subject_id)


def locked_with_disks(job: Job) -> Server:
    """The job's server, held with all its disks, those that lie beside it among them."""
    server = locked(Server.objects.all(), job.subject_id)
    locked_all(Disk.objects.filter(server=server))
    return server


def idle_subject(job: Job) -> Server:
    """The job's server, held for a retry: what was made of it meanwhile has ended. Raises Refused (R130)."""
    server = locked(Server.objects.all(), job.subject_id)
    is_idle(server).require()
    return server


@contextlib.contextmanager
def bytes_of(name: str) -> Iterator[None]:
    """What is made of an image's bytes says which image has none any more; a key that is gone says so itself."""
    try:
        yield
    except NotFound as error:
        raise error if error.code == "key-gone" else NotFound("image-bytes-gone", name=name) from error


def start_guest(run: Run) -> dict[str, Any]:
    """Start the job's server; the result of the step. Without QEMU it says which package is missing.

    One that has no machine gets one, of the disks that it has.
    """
    server = subject_of(run.job)
    engine = engine_of(server)
    spec = server_spec(server)
    if not spec.ref:
        spec = engine.switch_system_disk(spec, spec.disks[0], work=run)
        with run.fenced():
            write_refs(spec)
    if not (capabilities := engine.capabilities()).accelerator:
        return {"missing": ", ".join(capabilities.missing)}
    return _started(run, engine.start(spec, work=run))


def _started(run: Run, spec: ServerSpec) -> dict[str, Any]:
    with run.fenced():
        write_refs(spec)
    return reached_at(state_of(subject_of(run.job)).ssh)


class CreateServer(JobKind):
    """Data disks, then the machine on the image's bytes, then its first start.

    `args`: `image_ref`, the stored disk the system disk is built on, or empty for a blank one; `cd_ref`,
    the stored ISO for its CD drive, if it has one; `disk_refs`, by the ID of a data disk the stored disk it is
    filled from, when it is not blank.
    """

    kind = "server.create"
    title = _("Create server")
    queue = QUICK
    steps = {"disks": _("Create data disks"), "machine": _("Create system disk"), "start": _("Start")}

    def sweep(self, run: Run) -> None:
        engine_of(subject_of(run.job)).sweep(run.prefix)

    def disks(self, run: Run) -> None:
        engine = engine_of(subject_of(run.job))
        disks = Disk.objects.existing().filter(server=run.job.subject_id, role=Disk.Role.DATA)
        refs = run.args.get("disk_refs", {})
        for disk in disks.select_related("key").order_by("index"):
            with bytes_of(disk.name):
                ref = engine.create_disk(
                    disk.pk,
                    disk.size_gb * GIB,
                    work=run,
                    image_ref=refs.get(str(disk.pk), ""),
                    key=key_of(disk),
                )
            with run.fenced():
                Disk.objects.filter(pk=disk.pk).update(ref=ref)

    def undo_disks(self, run: Run) -> None:
        disks = Disk.objects.filter(server=run.job.subject_id, role=Disk.Role.DATA)
        engine_of(subject_of(run.job)).discard([disk.pk for disk in disks], run.prefix, work=run)
        with run.fenced():
            disks.update(ref="")

    def machine(self, run: Run) -> None:
        server = subject_of(run.job)
        engine = engine_of(server)
        with bytes_of(server.image.name):
            wanted = replace(server_spec(server), cd_ref=run.args.get("cd_ref", ""))
            spec = engine.create_server(wanted, run.args["image_ref"], work=run)
        with run.fenced():
            write_refs(spec)

    def undo_machine(self, run: Run) -> None:
        server = subject_of(run.job)
        engine_of(server).discard([server.pk], run.prefix, work=run)
        with run.fenced():
            Server.objects.filter(pk=server.pk).update(ref="", cd_ref="")
            Disk.objects.filter(server=server, role=Disk.Role.SYSTEM).update(ref="")

    def start(self, run: Run) -> dict[str, Any]:
        return start_guest(run)

    def settle(self, job: Job, state: str) -> None:
        locked_with_disks(job)
        if state == DONE:
            Disk.objects.filter(server=job.subject_id).update(status=Disk.Status.IN_USE)
            settle_started(job)
        else:
            Disk.objects.filter(server=job.subject_id).update(status=Disk.Status.FAILED)
            settle_failed(job, Server.Status.FAILED)

    def resume(self, job: Job) -> None:
        server = locked_with_disks(job)
        Disk.objects.filter(server=server).update(status=Disk.Status.CREATING)
        change_status(server, Server.Status.CREATING)


class PowerKind(JobKind):
    """Work of one step that changes a server's power. It cannot be cancelled half-way.

    `args`: `is_forced`, whether its system is not waited for; it may come while one waits.
    """

    queue = QUICK
    can_cancel = False
    busy: Server.Status

    def resume(self, job: Job) -> None:
        change_status(idle_subject(job), self.busy)


class StartServer(PowerKind):
    kind = "server.start"
    title = _("Start server")
    steps = {"start": _("Start")}
    busy = Server.Status.STARTING

    def start(self, run: Run) -> dict[str, Any]:
        return start_guest(run)

    def undo_start(self, run: Run) -> None:
        server = subject_of(run.job)
        with contextlib.suppress(NotFound):
            engine_of(server).stop(server.ref, graceful_s=0, work=run)

    def settle(self, job: Job, state: str) -> None:
        if state == DONE:
            settle_started(job)
        else:
            settle_failed(job, Server.Status.STOPPED)


class StopServer(PowerKind):
    kind = "server.stop"
    title = _("Stop server")
    steps = {"stop": _("Stop")}
    busy = Server.Status.STOPPING

    def stop(self, run: Run) -> None:
        server = subject_of(run.job)
        engine_of(server).stop(
            server.ref,
            graceful_s=settings.IMS_STOP_TIMEOUT_S,
            work=run,
            is_forced=partial(is_forced, run.job),
        )

    def settle(self, job: Job, state: str) -> None:
        if state == DONE:
            change_status(locked(Server.objects.all(), job.subject_id), Server.Status.STOPPED, ssh_port=None)
        else:  # it runs still; if not, reconciliation finds out
            settle_failed(job, Server.Status.RUNNING)


class RebootServer(PowerKind):
    kind = "server.reboot"
    title = _("Restart server")
    steps = {"reboot": _("Restart")}
    busy = Server.Status.REBOOTING

    def reboot(self, run: Run) -> dict[str, Any]:
        server = subject_of(run.job)
        spec = engine_of(server).reboot(
            server_spec(server),
            graceful_s=settings.IMS_STOP_TIMEOUT_S,
            work=run,
            is_forced=partial(is_forced, run.job),
        )
        return _started(run, spec)

    def settle(self, job: Job, state: str) -> None:
        if state == DONE:
            settle_started(job, step="reboot")
        else:  # down or up; reconciliation finds out
            settle_failed(job, Server.Status.STOPPED)


class ResizeServer(PowerKind):
    """`args`: `flavor` and `former`, what it has afterwards and before; `starts`, whether it runs and may be stopped."""

    kind = "server.resize"
    title = _("Resize server")
    steps = {"stop": _("Stop"), "resize": _("Resize"), "start": _("Start")}
    busy = Server.Status.RESIZING

    def stop(self, run: Run) -> None:
        if run.args["starts"]:
            server = subject_of(run.job)
            engine_of(server).stop(server.ref, graceful_s=settings.IMS_STOP_TIMEOUT_S, work=run)

    def resize(self, run: Run) -> None:
        """What the row says counts towards the quota from then on, so nothing is reserved any more."""
        server, name = subject_of(run.job), run.args["flavor"]
        flavor = Flavor.objects.filter(pk=name).first()
        if flavor is None:
            raise NotFound("flavor-gone", name=name)
        spec = replace(
            server_spec(server), vcpus=flavor.vcpus, memory_mb=flavor.memory_mb, flavor=flavor.name
        )
        spec = engine_of(server).resize(spec, work=run)
        with run.fenced():
            run.job.reservations.all().delete()
            Server.objects.filter(pk=server.pk).update(flavor=flavor)
            write_refs(spec)

    def undo_resize(self, run: Run) -> None:
        with run.fenced():
            Server.objects.filter(pk=run.job.subject_id).update(flavor=run.args["former"])
        server = subject_of(run.job)
        with contextlib.suppress(NotFound):
            spec = engine_of(server).resize(server_spec(server), work=run)
            with run.fenced():
                write_refs(spec)

    def start(self, run: Run) -> dict[str, Any]:
        return start_guest(run) if run.args["starts"] else {}

    def undo_start(self, run: Run) -> None:
        server = subject_of(run.job)
        with contextlib.suppress(NotFound):
            engine_of(server).stop(server.ref, graceful_s=0, work=run)

    def settle(self, job: Job, state: str) -> None:
        if state != DONE:
            settle_failed(job, Server.Status.STOPPED)
        elif job.args["starts"]:
            settle_started(job)
        else:
            change_status(locked(Server.objects.all(), job.subject_id), Server.Status.STOPPED)


class DeleteServer(PowerKind):
    """`args`: `delete_disks`, whether the data disks go as well or stay as available disks."""

    kind = "server.delete"
    title = _("Delete server")
    steps = {"machine": _("Delete machine and system disk"), "disks": _("Delete data disks")}
    busy = Server.Status.DELETING

    def machine(self, run: Run) -> None:
        """First the system disks that are kept, each with its row; then the machine, which takes the present one along."""
        server = subject_of(run.job)
        engine, systems = engine_of(server), server.disks.existing().filter(role=Disk.Role.SYSTEM)
        for disk in systems.kept().exclude(ref=""):
            engine.delete_disk(disk.ref, work=run)
            with run.fenced():
                forget_kept(Disk.objects.filter(pk=disk.pk))
        machines = {server.ref, *engine.find(Kind.SERVER, server.pk)} - {""}
        for ref in machines:
            engine.delete_server(ref, work=run)
        for disk in systems.exclude(ref="") if not machines else ():
            engine.delete_disk(disk.ref, work=run)
        with run.fenced():
            Server.objects.filter(pk=server.pk).update(ref="", cd_ref="", iso=None, iso_ref="")
            systems.update(ref="")

    def disks(self, run: Run) -> None:
        server = subject_of(run.job)
        if run.args["delete_disks"]:
            for disk in server.disks.existing().filter(role=Disk.Role.DATA).exclude(ref=""):
                engine_of(server).delete_disk(disk.ref, work=run)

    def settle(self, job: Job, state: str) -> None:
        server = locked_with_disks(job)
        if state == DONE:
            _forget_disks(job, keep_data=not job.args["delete_disks"])
            server.readings.all().delete()
            change_status(server, Server.Status.DELETED, deleted_at=now(), ref="", ssh_port=None)
        else:
            settle_failed(job, Server.Status.STOPPED if server.ref else Server.Status.FAILED)


def is_forced(job: Job) -> bool:
    """Whether somebody wants it at once, since it began or by now."""
    return Job.objects.filter(pk=job.pk, args__is_forced=True).exists()


def waiting_jobs(kind: type[PowerKind], server: Server) -> list[Job]:
    """The work of this kind that waits for the server's system, held: at most one. It is held before the server is."""
    return locked_all(Job.objects.live().filter(subject_id=server.pk, kind=kind.kind))


def force(job: Job) -> None:
    """Let work that is held wait no longer for a server's system."""
    Job.objects.filter(pk=job.pk).update(args={**job.args, "is_forced": True})


def settle_started(job: Job, step: str = "start", **why: Any) -> None:
    """Running (`why`: what is to be said of it), or stopped where no guests can run."""
    result, server = job.results[step], locked(Server.objects.all(), job.subject_id)
    if "missing" in result:
        code = "qemu-missing" if result["missing"] else "no-guests"
        change_status(server, Server.Status.STOPPED, code=code, values={"package": result["missing"]})
    else:
        place = {name: result[name] for name in reached_at(None) if name in result}
        change_status(server, Server.Status.RUNNING, **place, **why)


def settle_failed(job: Job, status: Server.Status) -> None:
    """Into `status`, with the job's error as the reason; one that has lost its machine but came about once says that."""
    server = locked(Server.objects.all(), job.subject_id)
    why: dict[str, Any] = {"code": job.error_code, "values": job.error_values}
    if not server.ref and status != Server.Status.FAILED:
        status, why = Server.Status.NO_MACHINE, {"code": "no-machine"}
    change_status(server, status, ssh_port=None, **why)


def forget_kept(disks: QuerySet[Disk]) -> None:
    """Former system disks whose bytes are gone."""
    disks.update(status=Disk.Status.DELETED, deleted_at=now(), kept_until=None, login={}, ref="")


def _forget_disks(job: Job, *, keep_data: bool) -> None:
    """Deleted with the server; data disks with bytes may stay as available ones."""
    disks = Disk.objects.existing().filter(server=job.subject_id)
    if keep_data:
        kept = disks.filter(role=Disk.Role.DATA).exclude(ref="")
        kept.update(server=None, index=0, status=Disk.Status.AVAILABLE)
    disks.update(status=Disk.Status.DELETED, deleted_at=now(), ref="")
