"""What the operator decides about versions, and what becomes of market images that nobody may use any more."""

from images.delete.jobs import DeleteImage
from images.models import Image
from imsconsole.accounts.actor import Actor, Operator, service_actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.models import Server
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.jobs.start import start_job
from imsconsole.notifications.models import Message
from market.listings.jobs import PublishListing
from market.listings.rules import can_approve_version, can_reject_version
from market.locks import locked_version
from market.messages import tell_sellers
from market.models import Edition, ListingVersion
from market.publishers.rules import is_reason

State = ListingVersion.State


@service("approveListing")
def approve_version(version: ListingVersion, *, actor: Operator) -> ListingVersion:
    """Let a version on the market; a job makes its images. Raises Refused."""
    version = locked_version(version)
    can_approve_version(version, actor).require()
    _decide(version, State.APPROVED, actor)
    disk = version.image.disks.get()
    job = start_job(
        PublishListing,
        version,
        actor=service_actor(version.listing.project),
        source=str(disk.pk),
        editions=[
            {"region": region.pk, "image": str(new_id()), "disk": str(new_id())}
            for region in version.regions.all()
        ],
    )
    use_stored(job, [disk])
    return version


@service("rejectListing")
def reject_version(version: ListingVersion, *, reason: str, actor: Operator) -> ListingVersion:
    """Send a version back to its seller. Raises Refused."""
    version = locked_version(version)
    can_reject_version(version, actor).require()
    is_reason(reason).require()
    version.reason = reason
    _decide(version, State.REJECTED, actor)
    tell_sellers("listing-rejected", version, Message.Level.WARNING, reason=reason)
    return explain(version, reason)


@service("deleteEdition")
def delete_edition(edition: Edition, *, actor: Actor) -> Image:
    """Delete a market image for ever; servers made from it keep their own link to its bytes.

    Raises Conflict while a server is being created from it, NotFound when it is deleted already.
    """
    image = locked(Image.objects.all(), edition.image_id)
    if image.is_gone:
        raise NotFound
    if Server.objects.filter(image=image, status=Server.Status.CREATING).exists():
        raise Conflict("subject-busy", name=image.name)
    image.status = Image.Status.DELETED
    image.deleted_at = image.updated_at = now()
    image.save(update_fields=["status", "deleted_at", "updated_at"])
    start_job(DeleteImage, image, actor=actor)
    return image


def _decide(version: ListingVersion, state: ListingVersion.State, actor: Operator) -> None:
    version.state, version.decided_by, version.decided_at = state, actor.user, now()
    version.save(update_fields=["state", "reason", "decided_by", "decided_at"])
