"""The job that makes the market images of an approved version: one in each of its regions."""

from dataclasses import asdict, replace
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.copy.jobs import facts_of
from images.copy.jobs_across import StoredSource
from images.models import Image, ImageDisk
from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run
from imsconsole.notifications.models import Message
from market.listings.locks import held_version
from market.messages import tell_buyers, tell_sellers
from market.models import Edition, ListingVersion
from market.publishers.rules import is_publisher

State = ListingVersion.State


class PublishListing(JobKind):
    """`listing.publish`. The subject is the version. Args: `source` (a stored disk) and `editions`, each with its
    `region` and the IDs `image` and `disk` to be.
    """

    kind = "listing.publish"
    title = _("Publish a listing")
    steps: ClassVar[dict[str, Any]] = {"store": _("Bringing its bytes to the regions")}

    def store(self, run: Run) -> dict[str, Any]:
        """A link in the image's own region, which costs nothing; every byte, compared at the end, in others.

        Nobody can delete the image meanwhile: it is offered.
        """
        source = (
            ImageDisk.objects.select_related("image").filter(pk=run.args["source"]).exclude(ref="").first()
        )
        if source is None:
            raise NotFound("bytes-missing")
        return {edition["disk"]: _stored(source, edition, run) for edition in run.args["editions"]}

    def undo_store(self, run: Run) -> None:
        """Remove what was stored, known by the IDs the disks were to have."""
        for edition in run.args["editions"]:
            engine = engine_for(edition["region"])
            engine.sweep(run.prefix)
            engine.drop_transfer(UUID(edition["disk"]))
            for ref in engine.inventory().stored:
                if edition["disk"] in ref:
                    engine.delete(ref)

    def sweep(self, run: Run) -> None:
        """What has come so far stays: a transfer goes on there."""
        for edition in run.args["editions"]:
            engine_for(edition["region"]).sweep(run.prefix)

    def settle(self, job: Job, state: str) -> None:
        """On the market, instead of the version before; else it waits for the operator again."""
        version = held_version(ListingVersion.objects.get(pk=job.subject_id))
        if state == Job.State.DONE:
            _publish(version, job)
        else:
            ListingVersion.objects.filter(pk=version.pk, state=State.APPROVED).update(state=State.IN_REVIEW)

    def resume(self, job: Job) -> None:
        """What still waits since it was approved: newer work would have refused the retry. Raises Conflict, Refused."""
        version = held_version(ListingVersion.objects.get(pk=job.subject_id))
        if version.state != State.IN_REVIEW:
            raise Conflict
        is_publisher(version.listing.publisher).require()
        version.state = State.APPROVED
        version.save(update_fields=["state"])


def _stored(source: ImageDisk, edition: dict[str, str], run: Run) -> dict[str, Any]:
    """The row of an edition's disk, as JSON."""
    near, far, pk = engine_for(source.image.region_id), engine_for(edition["region"]), UUID(edition["disk"])
    if edition["region"] == source.image.region_id:
        linked = replace(near.copy(pk, source.ref, work=run), sha256=source.sha256)
        return {**facts_of(source), **asdict(linked), "bytes_id": str(source.bytes_id)}
    bytes_there = StoredSource(near, source.ref, source.size_bytes)
    stored = far.transfer(pk, bytes_there, sha256=source.sha256, format=source.format, work=run)
    return {**facts_of(source), **asdict(stored)}


def _publish(version: ListingVersion, job: Job) -> None:
    """The images with their disks, and the state; all of it in the transaction that ends the job."""
    former = version.listing.versions.filter(state=State.PUBLISHED).update(state=State.REPLACED)
    for edition in job.args["editions"]:
        image = _market_image(version, edition)
        ImageDisk.objects.create(id=edition["disk"], image=image, **job.results["store"][edition["disk"]])
        Edition.objects.create(version_of=version, region_id=edition["region"], image=image)
    version.state, version.published_at = State.PUBLISHED, now()
    version.save(update_fields=["state", "published_at"])
    tell_sellers("listing-published", version, Message.Level.SUCCESS)
    if former:
        tell_buyers("listing-new-version", version, Message.Level.INFO)


def _market_image(version: ListingVersion, edition: dict[str, str]) -> Image:
    """As the scan has seen it: what its publisher changed since then is not on the market."""
    attributes: dict[str, Any] = version.checks["attributes"]  # type: ignore[assignment]
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
