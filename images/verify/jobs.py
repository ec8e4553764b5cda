"""Jobs that read stored bytes again: those of one image on demand, or the ones nobody has looked at for longest.

Bytes are read once, however many images and backups have them; what is found befalls all of these.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from images.verify.damage import DAMAGED, MISSING, record_bad, record_good
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import StoredBytes, StoredBytesQuerySet
from imsconsole.core.errors import NotFound
from imsconsole.engine.types import Kind
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.run import Run


class VerifyBytes(JobKind):
    """Base of both. What was found of each file is written as soon as it is known, so nothing is read twice."""

    steps = {"read": _("Comparing the checksum")}

    def stored(self, run: Run) -> StoredBytesQuerySet:
        raise NotImplementedError

    def read(self, run: Run) -> None:
        found = list(self.stored(run).kept().exclude(checksum=""))
        total, done = sum(stored.size_bytes for stored in found), 0
        for stored in found:
            if not _is_known(stored, run):
                _look(stored, _Part(run, done, total))
            done += stored.size_bytes


class VerifyImage(VerifyBytes):
    """`image.verify`, asked for by somebody."""

    kind = "image.verify"
    title = _("Verify image")

    def stored(self, run: Run) -> StoredBytesQuerySet:
        return StoredBytes.objects.filter(imagedisks__image=run.job.subject_id).distinct().order_by("pk")


class VerifyStored(VerifyBytes):
    """`image.verify-stored`, started by the clock. Args: `stored` (IDs)."""

    kind = "image.verify-stored"
    title = _("Verify stored images")

    def stored(self, run: Run) -> StoredBytesQuerySet:
        return StoredBytes.objects.filter(pk__in=run.args["stored"])


@dataclass(frozen=True)
class _Part:
    """One file of several, as the engine sees the work; progress is that of all of them."""

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


def _is_known(stored: StoredBytes, run: Run) -> bool:
    """Whether it was looked at since the job was ordered: by an earlier attempt, or by another job."""
    stored.refresh_from_db(fields=["verified_at", "damaged_at"])
    last = max(filter(None, (stored.verified_at, stored.damaged_at)), default=None)
    return last is not None and last >= run.job.created_at


def _look(stored: StoredBytes, work: _Part) -> None:
    engine, resting = engine_for(stored.region_id), frozenset[str]()
    try:
        resting = engine.resting_on(stored.ref)
        found = "" if engine.verify(stored.ref, stored.checksum, work=work) else DAMAGED
    except NotFound:
        if stored.ref in engine.find(Kind.STORED, stored.pk):
            raise
        found = MISSING
    with work.run.fenced():
        if found:
            record_bad(stored, resting, found)
        else:
            record_good(stored, resting)
