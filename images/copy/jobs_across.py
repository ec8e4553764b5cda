"""The job that copies an image to another region: real bytes, compared at the far end."""

from dataclasses import asdict, dataclass
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from images.copy.jobs import copy_of, discard, row_of, sources_of
from images.copy.rules import may_be_placed
from images.create.jobs import MakeImage, begin
from images.models import Image
from images.models.disks import put_disks
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project, Role, User
from imsconsole.cloud.backups.jobs_create import resume_backup, settle_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import BackupDisk
from imsconsole.cloud.stored.rows import facts_of
from imsconsole.engine.api import Engine
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import registering
from imsconsole.jobs.run import Run
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send


@dataclass(frozen=True)
class StoredSource:
    """A stored disk of another region, to be read from any offset."""

    engine: Engine
    ref: str
    size_bytes: int

    def open(self, offset: int = 0) -> BinaryIO:
        return self.engine.open(self.ref, offset)


class CopyImageAcross(MakeImage):
    """`image.copy-across`. The subject is the copy, in the project `target`. Args: `disks`, as of `CopyImage`. What has come
    so far stays when a worker is killed: the transfer goes on there.

    Of a full-ECS image also `backup_id`: the backup there, whose disks' bytes those of the image are (R82).
    """

    kind = "image.copy-across"
    title = _("Copy image to another region")
    waits = _("It waits in line: %(most)s copies to other regions are running, and more do not run at once.")
    steps = {
        "transfer": _("Bringing its bytes to the other region"),
        "register": _("Registering the copy"),
    }

    @classmethod
    def most_at_once(cls) -> int:
        return int(settings.IMS_COPIES_AT_ONCE)

    @classmethod
    def target_of(cls, subject: Model) -> Project | None:
        assert isinstance(subject, Image)  # noqa: S101 - what it is started with
        return subject.project

    def transfer(self, run: Run) -> dict[str, Any]:
        """Every byte, on from where an earlier attempt was cut; the checksum is compared at the end."""
        begin(run, "copy-gone")
        _require_agency(run)
        far, rows = engine_for(copy_of(run).region_id), []
        for disk, stored in sources_of(run):
            source = StoredSource(engine_for(stored.region_id), stored.ref, stored.size_bytes)
            came = far.transfer(
                UUID(disk["id"]), source, checksum=stored.checksum, format=stored.format, work=run
            )
            rows.append(row_of(disk) | asdict(came))
        return {"rows": rows}

    def undo_transfer(self, run: Run) -> None:
        discard(run)

    def register(self, run: Run) -> None:
        """The rows of its disks, and of its backup's, which are of the same bytes, if the target still lets them in (R82)."""
        _require_agency(run)
        with registering(run):
            copy = copy_of(run)
            put_disks(copy, run.result("transfer")["rows"])
            for disk in copy.disks.all():
                if disk.stored:
                    _backup_disks(run).filter(index=disk.index).update(**facts_of(disk.stored))

    def undo_register(self, run: Run) -> None:
        with run.fenced():
            _backup_disks(run).update(stored=None, size_bytes=0)
        super().undo_register(run)

    def settle(self, job: Job, state: str) -> None:
        super().settle(job, state)
        if "backup_id" in job.args:
            settle_backup(job, state)
        if state == Job.State.DONE:
            _tell_both(job)

    def resume(self, job: Job) -> None:
        super().resume(job)
        if "backup_id" in job.args:
            resume_backup(job)


def _backup_disks(run: Run) -> "QuerySet[BackupDisk]":
    """Those of the backup that a full-ECS image is copied with."""
    return BackupDisk.objects.filter(backup=run.args.get("backup_id"))


def _source_project(run: Run) -> Project:
    project = run.job.project
    assert project is not None  # noqa: S101 - a person started it in a project
    return project


def _require_agency(run: Run) -> None:
    """Raises Refused when the target took its agency back meanwhile."""
    target = copy_of(run).project
    assert target is not None  # noqa: S101 - private images have one
    may_be_placed(target, _source_project(run)).require()


def _tell_both(job: Job) -> None:
    """Who started it, and those who may use it there."""
    if job.target is None or job.project is None:
        return
    writers = members_of(job.target, Role.FULL_ACCESS, Role.ADMINISTRATOR)
    told: dict[Any, User] = {user.pk: user for user in writers}
    if job.user:
        told[job.user.pk] = job.user
    places = {"source": str(job.project), "target": str(job.target)}
    send(
        "image-arrived",
        to=told.values(),
        values={"name": job.subject_name, **places},
        level=Message.Level.SUCCESS,
        project=job.target,
        subject=("image", job.subject_id),
    )
