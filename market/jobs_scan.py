"""The job that looks at what was sent in, before the operator does."""

import hashlib
from pathlib import Path
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from images.models import ImageDisk
from images.uploads.found import examine_file
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.engine.types import MIB, Found
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run
from imsconsole.notifications.models import Message
from market.checks import may_go_on, outcomes_of
from market.listings.locks import held_offer
from market.listings.rules import can_submit_version
from market.messages import tell_sellers
from market.models import ListingVersion

PIECE = 4 * MIB
State = ListingVersion.State


class ScanListing(JobKind):
    """`listing.scan`. The subject is the version: its image is read to the end, inspected anew and gone through."""

    kind = "listing.scan"
    title = _("Scan a listing")
    steps: ClassVar[dict[str, Any]] = {"inspect": _("Examining the image")}

    def inspect(self, run: Run) -> dict[str, Any]:
        """The checklist. The file is read into one of our own, which nobody changes meanwhile."""
        version = version_of(run)
        disk = version.image.disks.exclude(ref="").first()
        if disk is None:
            raise NotFound("bytes-missing")
        path = work_dir() / run.token
        try:
            sha256 = _read(disk, path, run)
            found, error = _examined(disk, path)
        finally:
            path.unlink(missing_ok=True)
        return outcomes_of(version, sha256=sha256, found=found, error=error)

    def sweep(self, run: Run) -> None:
        for path in work_dir().glob(f"{run.prefix}*"):
            path.unlink(missing_ok=True)

    def settle(self, job: Job, state: str) -> None:
        """To the operator; back to its seller when it cannot be offered, or was not looked at."""
        version = ListingVersion.objects.select_related("listing__project").get(pk=job.subject_id)
        if version.state != State.SCANNING:
            return
        if state != Job.State.DONE:
            version.state = State.DRAFT
        else:
            version.checks = job.results["inspect"]
            version.state = State.IN_REVIEW if may_go_on(version.checks) else State.REJECTED
        version.save(update_fields=["state", "checks"])
        if version.state == State.REJECTED:
            tell_sellers("listing-scan-failed", version, Message.Level.WARNING)

    def resume(self, job: Job) -> None:
        """As if it were sent in once more. Raises Refused, Conflict."""
        assert job.project is not None  # noqa: S101 - a person started it in a project
        actor = service_actor(job.project)
        version, image = held_offer(ListingVersion.objects.get(pk=job.subject_id), actor)
        can_submit_version(version, image, actor).require()
        version.state, version.reason = State.SCANNING, ""
        version.save(update_fields=["state", "reason"])


def version_of(run: Run) -> ListingVersion:
    """What the job is about, with what belongs to it."""
    rows = ListingVersion.objects.select_related(
        "image__region", "image__os_version", "listing__publisher", "listing__project__account"
    )
    return rows.get(pk=run.job.subject_id)


def _read(disk: ImageDisk, path: Path, run: Run) -> str:
    """Copy the stored file; its SHA-256."""
    digest, done = hashlib.sha256(), 0
    with engine_for(disk.image.region_id).open(disk.ref) as stored, path.open("wb") as copy:
        while piece := stored.read(PIECE):
            digest.update(piece)
            copy.write(piece)
            done += len(piece)
            run.report(done, disk.size_bytes)
    return digest.hexdigest()


def _examined(disk: ImageDisk, path: Path) -> tuple[Found | None, BadImage | None]:
    """What the file is; or why it is refused, which is a finding and no failure."""
    try:
        return examine_file(path, disk.image.region, claimed=disk.format), None
    except BadImage as error:
        return None, error
