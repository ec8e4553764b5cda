"""Jobs that read stored bytes again: those of one image on demand, or the ones nobody has looked at for longest."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from images.models import ImageDisk
from images.verify.damage import DAMAGED, MISSING, record_bad, record_good
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import BackupDisk
from imsconsole.core.errors import NotFound
from imsconsole.engine.types import Kind
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.run import Run

Stored = ImageDisk | BackupDisk


class VerifyBytes(JobKind):
    """Base of both. What was found of each disk is written as soon as it is known, so nothing is read twice."""

    steps = {"read": _("Comparing the checksum")}

    def disks(self, run: Run) -> list[Stored]:
        raise NotImplementedError

    def read(self, run: Run) -> None:
        disks = [disk for disk in self.disks(run) if disk.ref and disk.sha256]
        total, done = sum(disk.size_bytes for disk in disks), 0
        for disk in disks:
            if not _is_known(disk, run):
                _look(disk, _Part(run, done, total))
            done += disk.size_bytes


class VerifyImage(VerifyBytes):
    """`image.verify`, asked for by somebody."""

    kind = "image.verify"
    title = _("Verify image")

    def disks(self, run: Run) -> list[Stored]:
        disks = ImageDisk.objects.filter(image=run.job.subject_id).select_related("image")
        return list(disks.order_by("index"))


class VerifyStored(VerifyBytes):
    """`image.verify-stored`, started by the clock. Args: `disks` (IDs), of images and backups. It holds none of those."""

    kind = "image.verify-stored"
    title = _("Verify stored images")

    def disks(self, run: Run) -> list[Stored]:
        wanted = run.args["disks"]
        images = ImageDisk.objects.filter(pk__in=wanted).select_related("image")
        return [*images, *BackupDisk.objects.filter(pk__in=wanted).select_related("backup__project")]


@dataclass(frozen=True)
class _Part:
    """One disk of several, as the engine sees the work; progress is that of all of them."""

    run: Run
    done: int
    total: int

    @property
    def token(self) -> str:
        return self.run.token

    def report(self, done: int, _total: int) -> None:
        self.run.report(min(self.total, self.done + done), self.total)

    def hold(self) -> None:
        self.run.hold()


def _is_known(disk: Stored, run: Run) -> bool:
    """Whether it was looked at since the job was ordered: by an earlier attempt, or under another name."""
    disk.refresh_from_db(fields=["verified_at", "damaged_at"])
    last = max(filter(None, (disk.verified_at, disk.damaged_at)), default=None)
    return last is not None and last >= run.job.created_at


def _look(disk: Stored, work: _Part) -> None:
    region = disk.image.region_id if isinstance(disk, ImageDisk) else disk.backup.project.region_id
    engine = engine_for(region)
    try:
        refs = engine.same_bytes(disk.ref)
        found = "" if engine.verify(disk.ref, disk.sha256, work=work) else DAMAGED
    except NotFound:
        if disk.ref in engine.find(Kind.STORED, disk.pk):
            raise
        refs, found = frozenset([disk.ref]), MISSING
    with work.run.fenced():
        # a reference that was struck meanwhile is nobody's any more
        if found:
            record_bad(region, refs, found)
        else:
            record_good(region, refs)
