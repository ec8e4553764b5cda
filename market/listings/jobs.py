"""The job that looks at what was sent in, before the operator does; and the one that makes the market images of an approved
version, one in each of its regions.
"""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.copy.jobs import facts_of
from images.copy.jobs_across import StoredSource
from images.models import Image, ImageDisk
from images.models.disks import put_disks
from images.uploads.found import examine_file
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Flavor
from imsconsole.core.errors import BadImage, Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.engine.types import MIB, Found
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run
from imsconsole.notifications.models import Message
from market.listings.checks import may_go_on, outcomes_of
from market.listings.rules import can_submit_version
from market.locks import locked_offer, locked_version
from market.messages import tell_buyers, tell_sellers
from market.models import Edition, ListingVersion
from market.publishers.rules import is_publisher

PIECE = 4 * MIB
State = ListingVersion.State


class ScanListing(JobKind):
    """`listing.scan`. The subject is the version: its image is read to the end, inspected anew and gone through."""

    kind = "listing.scan"
    title = _("Scan a listing")
    steps = {"inspect": _("Examining the image")}

    def inspect(self, run: Run) -> dict[str, Any]:
        """The checklist. The file is read into one of our own, which nobody changes meanwhile."""
        version = version_of(run)
        disk = version.image.disks.exclude(stored=None).first()
        if disk is None:
            raise NotFound("bytes-missing")
        path = work_dir() / run.token
        try:
            checksum = _read(disk, path, run)
            found, error = _examined(disk, path)
        finally:
            path.unlink(missing_ok=True)
        return outcomes_of(version, checksum=checksum, found=found, error=error)

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
        version, image = locked_offer(ListingVersion.objects.get(pk=job.subject_id), actor)
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
    """Copy the stored file; its checksum, by the algorithm of the one that is known."""
    algorithm = disk.checksum.partition(":")[0]
    digest, done = hashlib.new(algorithm), 0
    with engine_for(disk.image.region_id).open(disk.ref) as stored, path.open("wb") as copy:
        while piece := stored.read(PIECE):
            digest.update(piece)
            copy.write(piece)
            done += len(piece)
            run.report(done, disk.size_bytes)
    return f"{algorithm}:{digest.hexdigest()}"


def _examined(disk: ImageDisk, path: Path) -> tuple[Found | None, BadImage | None]:
    """What the file is; or why it is refused, which is a finding and no failure."""
    try:
        return examine_file(path, claimed=disk.format), None
    except BadImage as error:
        return None, error


class PublishListing(JobKind):
    """`listing.publish`. The subject is the version. Args: `source` (an image's disk) and `editions`, each with its
    `region` and the IDs `image` and `disk` to be.
    """

    kind = "listing.publish"
    title = _("Publish a listing")
    steps = {"store": _("Bringing its bytes to the regions")}

    def store(self, run: Run) -> dict[str, Any]:
        """The same bytes once more in the image's own region, which costs nothing; every byte, compared at the end, in others.

        Nobody can delete the image meanwhile: it is offered.
        """
        source = ImageDisk.objects.filter(pk=run.args["source"]).exclude(stored=None).first()
        if source is None:
            raise NotFound("bytes-missing")
        return {edition["disk"]: _stored(source, edition, run) for edition in run.args["editions"]}

    def undo_store(self, run: Run) -> None:
        for edition in run.args["editions"]:
            engine_for(edition["region"]).discard([UUID(edition["disk"])], run.prefix, work=run)

    def sweep(self, run: Run) -> None:
        """What has come so far stays: a transfer goes on there."""
        for edition in run.args["editions"]:
            engine_for(edition["region"]).sweep(run.prefix)

    def settle(self, job: Job, state: str) -> None:
        """On the market, instead of the version before; else it waits for the operator again."""
        version = locked_version(ListingVersion.objects.get(pk=job.subject_id))
        if state == Job.State.DONE:
            _publish(version, job)
        else:
            ListingVersion.objects.filter(pk=version.pk, state=State.APPROVED).update(state=State.IN_REVIEW)

    def resume(self, job: Job) -> None:
        """What still waits since it was approved: newer work would have refused the retry. Raises Conflict, Refused."""
        version = locked_version(ListingVersion.objects.get(pk=job.subject_id))
        if version.state != State.IN_REVIEW:
            raise Conflict
        is_publisher(version.listing.publisher).require()
        version.state = State.APPROVED
        version.save(update_fields=["state"])


def _stored(source: ImageDisk, edition: dict[str, str], run: Run) -> dict[str, Any]:
    """The row of an edition's disk, as JSON."""
    stored, row = source.stored, {"id": edition["disk"], **facts_of(source)}
    assert stored is not None  # noqa: S101 - it was found with its bytes
    if edition["region"] == stored.region_id:
        return row | {"stored_id": str(stored.pk)}
    there = StoredSource(engine_for(stored.region_id), stored.ref, stored.size_bytes)
    far, what = engine_for(edition["region"]), {"checksum": stored.checksum, "format": stored.format}
    return row | asdict(far.transfer(UUID(edition["disk"]), there, work=run, **what))


def _publish(version: ListingVersion, job: Job) -> None:
    """The images with their disks, and the state; all of it in the transaction that ends the job. Raises Conflict."""
    if version.state != State.APPROVED:
        raise Conflict
    former = version.listing.versions.filter(state=State.PUBLISHED).update(state=State.REPLACED)
    for edition in job.args["editions"]:
        image = _market_image(version, edition)
        put_disks(image, [job.results["store"][edition["disk"]]])
        Edition.objects.create(version_of=version, region_id=edition["region"], image=image)
    version.state, version.published_at = State.PUBLISHED, now()
    version.save(update_fields=["state", "published_at"])
    tell_sellers("listing-published", version, Message.Level.SUCCESS)
    if former:
        tell_buyers("listing-new-version", version, Message.Level.INFO)


def _market_image(version: ListingVersion, edition: dict[str, str]) -> Image:
    """As the scan has seen it: what its publisher changed since then is not on the market."""
    attributes: dict[str, Any] = dict(version.checks["attributes"])  # type: ignore[call-overload]
    if not Flavor.objects.filter(pk=attributes.get("default_flavor_id")).exists():
        attributes["default_flavor_id"] = None
    return Image.objects.create(
        id=edition["image"],
        region_id=edition["region"],
        category=Image.Category.MARKET,
        name=str(version),
        description=version.summary,
        parent_id=version.image_id,
        source_kind=Image.Source.IMAGE,
        source_id=version.image_id,
        source_name=version.title,
        status=Image.Status.ACTIVE,
        active_at=now(),
        **attributes,
    )
