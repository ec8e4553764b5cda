"""The job that makes images of a server's disks, or of a disk that no server has."""

from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.create.jobs import note_system, role_in
from images.models import Image, ImageDisk, ImageQuerySet
from images.models.disks import put_disks, undo_disks
from imsconsole.accounts.models import Project
from imsconsole.cloud.disks.rules import is_source
from imsconsole.cloud.engines import engine_in
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.specs import disk_spec, server_spec
from imsconsole.cloud.stored.rows import unkept
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_all
from imsconsole.core.now import now
from imsconsole.core.rules import Refused, refuse
from imsconsole.engine.api import Engine
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import registering, reserve_more
from imsconsole.jobs.run import Run


class CaptureImage(JobKind):
    """`image.capture`: disks as they are at one instant, each an image of its own.

    `args`: `images`, by image ID which `disk` it becomes a copy of and the ID it is `stored` under; `server`,
    whose disks they are, or empty; the keys of `holds` are whatever else nobody may touch meanwhile. The subject
    is the first image.
    """

    kind = "image.capture"
    title = _("Create image")
    steps = {
        "capture": _("Copying the disks as they are now"),
        "register": _("Registering the disks"),
    }

    def capture(self, run: Run) -> dict[str, Any]:
        """The server goes on meanwhile, and may even power off."""
        wanted = {image: UUID(each["stored"]) for image, each in run.args["images"].items()}
        disks = {wanted[image]: disk_spec(_disk(each["disk"])) for image, each in run.args["images"].items()}
        server = server_spec(_server(run.args["server"])) if run.args["server"] else None
        engine = _engine(run.job)
        reserve_more(run, "store_bytes", engine.capture_bytes(disks.values()))
        stored = engine.capture(server, disks, work=run)
        return {image: asdict(stored[each]) for image, each in wanted.items()}

    def undo_capture(self, run: Run) -> None:
        stored = unkept(each["stored"] for each in run.args["images"].values())
        _engine(run.job).discard(stored, run.prefix, work=run)

    def register(self, run: Run) -> None:
        """What is found on a disk of which only its owner said what is on it counts (§2.3)."""
        stored, engine = run.result("capture"), _engine(run.job)
        said = _images(run.job).filter(type=Image.Type.SYSTEM, source_kind=Image.Source.DISK)
        systems = {image.pk: engine.system_on(stored[str(image.pk)]["ref"]) for image in said}
        with registering(run):
            for image in _images(run.job):
                if image.pk in systems:
                    note_system(Image.objects.filter(pk=image.pk), systems[image.pk])
                row = {"id": run.args["images"][str(image.pk)]["stored"], "role": role_in(image)}
                put_disks(image, [row | stored[str(image.pk)]])

    def undo_register(self, run: Run) -> None:
        with run.fenced():
            undo_disks(ImageDisk.objects.filter(image__in=_images(run.job)))

    def sweep(self, run: Run) -> None:
        """What a running guest copies goes on: the next attempt follows it to its end."""
        _engine(run.job).sweep(run.prefix, keep_captures=not run.job.outcome)

    def settle(self, job: Job, state: str) -> None:
        """Normal, or failed with the reason. Server and disks are everybody's again."""
        if state == Job.State.DONE:
            _images(job).update(status=Image.Status.ACTIVE, active_at=now(), updated_at=now())
        else:
            error = {"error_code": job.error_code, "error_values": job.error_values}
            _images(job).update(status=Image.Status.KILLED, updated_at=now(), **error)
        release(job)

    def resume(self, job: Job) -> None:
        """All it made is wanted again, of the same disks. Raises Refused, NotFound."""
        failed = _images(job).filter(status=Image.Status.KILLED)
        if failed.count() < len(job.args["images"]):
            raise Refused(
                refuse(
                    "images-gone", _("An image of this job has been deleted since. Create the images anew.")
                )
            )
        failed.update(status=Image.Status.SAVING, error_code="", error_values={}, updated_at=now())
        occupy(job)


def occupy(job: Job) -> None:
    """Keep everybody else from the server and the disks while they are copied. Raises Refused, NotFound."""
    wanted = [each["disk"] for each in job.args["images"].values()]
    gone = NotFound("disks-moved-on")
    server = locked(Server.objects.existing(), job.args["server"], gone=gone) if job.args["server"] else None
    rows = Disk.objects.existing().filter(pk__in=wanted)
    disks = locked_all(rows.filter(server=server, beside=False).exclude(ref=""))
    if len(disks) < len(wanted):
        raise gone
    if server:
        is_source(server).require()
        Server.objects.filter(pk=server.pk).update(task=Server.Task.IMAGE)
    elif any(disk.status != Disk.Status.AVAILABLE for disk in disks):
        raise gone
    else:
        rows.update(status=Disk.Status.CAPTURING)


def release(job: Job) -> None:
    """Take back what `occupy` wrote."""
    wanted = [each["disk"] for each in job.args["images"].values()]
    if job.args["server"]:
        Server.objects.filter(pk=job.args["server"], task=Server.Task.IMAGE).update(task="")
    else:
        held = Disk.objects.filter(pk__in=wanted, status=Disk.Status.CAPTURING)
        held.update(status=Disk.Status.AVAILABLE)


def _images(job: Job) -> ImageQuerySet:
    gone = [Image.Status.DELETED, Image.Status.TRASHED]
    return Image.objects.filter(pk__in=list(job.args["images"])).exclude(status__in=gone)


def _engine(job: Job) -> Engine:
    """Where the disks are: those of the project for which the images are made."""
    image = Image.objects.select_related("project").get(pk=job.subject_id)
    return engine_in(cast(Project, image.project))


def _disk(disk_id: str) -> Disk:
    disk = Disk.objects.existing().select_related("key").filter(pk=disk_id).exclude(ref="").first()
    if disk is None:
        raise NotFound("disks-moved-on")
    return disk


def _server(server_id: str) -> Server:
    servers = Server.objects.select_related("project", "flavor", "image")
    return servers.get(pk=server_id)
