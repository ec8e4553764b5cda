"""The job that copies an image to another region: real bytes, compared at the far end."""

from dataclasses import asdict, dataclass
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from images.copy.jobs import FACTS, copy_of, discard, facts_of, sources_of
from images.copy.rules import may_be_placed
from images.create.jobs import MakeImage, begin, put_disks
from images.models import Image
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project, Role, User
from imsconsole.cloud.backups.jobs_create import resume_backup, settle_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import BackupDisk
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
    """`image.copy-across`. The subject is the copy, in the project `target`. Args: `disks`, as of `CopyImage`.

    Of a full-ECS image also `backup_id`: the backup there, whose disks' bytes those of the image are (R82).
    """

    kind = "image.copy-across"
    title = _("Copy image to another region")
    waits = _("It waits in line: %(most)s copies to other regions are running, and more do not run at once.")
    steps = {
        "take": _("Taking its bytes over"),
        "transfer": _("Bringing its bytes to the other region"),
        "register": _("Registering the copy"),
        "tidy": _("Cleaning up"),
    }

    @classmethod
    def most_at_once(cls) -> int:
        return int(settings.IMS_COPIES_AT_ONCE)

    @classmethod
    def target_of(cls, subject: Model) -> Project | None:
        assert isinstance(subject, Image)  # noqa: S101 - what it is started with
        return subject.project

    def take(self, run: Run) -> dict[str, Any]:
        """A link of our own to what is read, in its region, so that nobody can take it away."""
        begin(run, "copy-gone")
        _require_agency(run)
        engine = engine_for(_source_project(run).region_id)
        held = {}
        for disk, source in sources_of(run):
            link = engine.copy(UUID(disk["held"]), source.ref, work=run)
            held[disk["id"]] = {**facts_of(source), **asdict(link), "sha256": source.sha256}
        return held

    def undo_take(self, run: Run) -> None:
        discard(run, "held", _source_project(run).region_id)

    def transfer(self, run: Run) -> dict[str, Any]:
        """Every byte, on from where an earlier attempt was cut; the checksum is compared at the end."""
        near, far = engine_for(_source_project(run).region_id), engine_for(copy_of(run).region_id)
        rows, backed_up, backup_disks = [], {}, {disk.index: disk.pk for disk in _backup_disks(run)}
        for pk, held in run.result("take").items():
            source = StoredSource(near, held["ref"], held["size_bytes"])
            stored = far.transfer(UUID(pk), source, sha256=held["sha256"], format=held["format"], work=run)
            row = {"id": pk, **{name: held[name] for name in FACTS}, **asdict(stored)}
            if same := backup_disks.get(held["index"]):
                linked = far.copy(same, stored.ref, work=run)
                row |= {"bytes_id": str(same)}
                backed_up[str(same)] = {**asdict(linked), "sha256": stored.sha256}
            rows.append(row)
        return {"rows": rows, "backed_up": backed_up}

    def undo_transfer(self, run: Run) -> None:
        discard(run, "id")
        backed_up = [disk.pk for disk in _backup_disks(run)]
        engine_for(copy_of(run).region_id).discard(backed_up, run.prefix, work=run)

    def register(self, run: Run) -> None:
        """The rows of its disks, and of its backup's, if the target still lets them in (R82)."""
        _require_agency(run)
        came = run.result("transfer")
        with registering(run):
            for pk, stored in came["backed_up"].items():
                BackupDisk.objects.filter(pk=pk).update(**stored)
            put_disks(copy_of(run), came["rows"])

    def undo_register(self, run: Run) -> None:
        super().undo_register(run)
        with run.fenced():
            _backup_disks(run).update(ref="", size_bytes=0)

    def tidy(self, run: Run) -> None:
        """What was held in the region it came from is let go."""
        run.hold()
        discard(run, "held", _source_project(run).region_id)

    def sweep(self, run: Run) -> None:
        """What has come so far stays: the transfer goes on there."""
        super().sweep(run)
        engine_for(_source_project(run).region_id).sweep(run.prefix)

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
