"""What sellers do with listings. Whoever writes locks the listing's row; the image's before it where that counts."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings

from images.models import Image
from images.product.rules import OFFER_FACTS, can_offer
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.edits import overwritten
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.sentences import moment
from imsconsole.jobs.start import start_job
from imsconsole.notifications.models import Message
from market.listings.drafts import VersionDraft, draft_of
from market.listings.jobs import ScanListing
from market.listings.rules import (
    can_create_listing,
    can_create_version,
    can_discard_version,
    can_edit_version,
    can_recall_version,
    can_submit_version,
    can_withdraw_listing,
    has_room_for_picture,
    is_new_version,
)
from market.locks import locked_offer, locked_version
from market.messages import tell_buyers, tell_sellers
from market.models import Listing, ListingVersion, Picture
from market.pictures import Remade
from market.publishers.lookup import publisher_of
from market.publishers.rules import is_reason

State = ListingVersion.State


@service("createListing")
def create_listing(draft: VersionDraft, *, actor: Actor) -> Listing:
    """A listing with the draft of its first version. Raises Refused, NotFound."""
    publisher = publisher_of(actor)
    can_create_listing(publisher, actor).require()
    image = locked(Image.objects.visible_to(actor).with_facts(actor, *OFFER_FACTS), draft.image.pk)
    can_offer(image, actor).require()
    assert publisher is not None  # noqa: S101  or it was refused
    listing = Listing.objects.create(publisher=publisher, project=actor.project)
    version = draft.write(ListingVersion(listing=listing, created_by=actor.user))
    return explain(listing, name=version.title)


@service("createListingVersion")
def create_version(listing: Listing, draft: VersionDraft, *, actor: Actor) -> ListingVersion:
    """The draft of a new version; pictures are taken over from the one before. Raises Refused, NotFound."""
    image = locked(Image.objects.visible_to(actor).with_facts(actor, *OFFER_FACTS), draft.image.pk)
    listing = locked(Listing.objects.with_seller(), listing.pk)
    can_create_version(listing, actor).require()
    can_offer(image, actor).require()
    is_new_version(draft.version, listing).require()
    former = listing.latest
    version = draft.write(ListingVersion(listing=listing, created_by=actor.user))
    pictures = list(former.pictures.all())
    for picture in pictures:
        picture.pk, picture.version_of, picture._state.adding = None, version, True
    Picture.objects.bulk_create(pictures)
    return version


@service("updateListingVersion")
def edit_version(
    version: ListingVersion,
    draft: VersionDraft,
    *,
    seen: Mapping[str, Any] = MappingProxyType({}),
    actor: Actor,
) -> ListingVersion:
    """Change a draft, or what was rejected, which is a draft again then.

    `seen` is what the editor had before their eyes. Raises Refused, NotFound, and Conflict when some of it was
    changed by someone else meanwhile.
    """
    image = locked(Image.objects.visible_to(actor).with_facts(actor, *OFFER_FACTS), draft.image.pk)
    version = locked_version(version)
    can_edit_version(version, actor).require()
    if overwritten(vars(draft_of(version)), seen, vars(draft)):
        raise Conflict
    if image.pk != version.image_id:
        can_offer(image, actor).require()
    is_new_version(draft.version, version.listing, other_than=version).require()
    version.state = State.DRAFT
    return draft.write(version)


@service("addListingPicture")
def add_picture(
    version: ListingVersion, picture: Remade, *, caption: str = "", actor: Actor
) -> ListingVersion:
    """A screenshot for a draft. Raises Refused."""
    version = locked_version(version)
    can_edit_version(version, actor).require()
    has_room_for_picture(version).require()
    Picture.objects.create(
        version_of=version,
        caption=caption,
        content=picture.content,
        width=picture.width,
        height=picture.height,
    )
    return version


@service("removeListingPicture")
def remove_picture(picture: Picture, *, actor: Actor) -> ListingVersion:
    """Raises Refused."""
    version = locked_version(picture.version_of)
    can_edit_version(version, actor).require()
    version.pictures.filter(pk=picture.pk).delete()
    return version


@service("submitListing")
def submit_version(version: ListingVersion, *, actor: Actor) -> ListingVersion:
    """Send a version in: a job scans it, then the operator decides. From now on it never changes.

    Raises Refused, Conflict when it has got another image meanwhile.
    """
    version, image = locked_offer(version, actor)
    can_submit_version(version, image, actor).require()
    version.state, version.reason, version.checks, version.submitted_at = State.SCANNING, "", {}, now()
    version.save(update_fields=["state", "reason", "checks", "submitted_at"])
    use_stored(start_job(ScanListing, version, actor=actor), image.disks.all())
    return version


@service("recallListing")
def recall_version(version: ListingVersion, *, actor: Actor) -> ListingVersion:
    """Take back what waits for its review: a draft again. Raises Refused."""
    version = locked_version(version)
    can_recall_version(version, actor).require()
    version.state = State.DRAFT
    version.save(update_fields=["state"])
    return version


@service("discardListingVersion")
def discard_version(version: ListingVersion, *, actor: Actor) -> Listing:
    """Throw a draft away, and with it a listing that never had anything else. Raises Refused."""
    version = locked_version(version)
    can_discard_version(version, actor).require()
    listing, key = version.listing, version.listing_id
    explain(listing, str(version), name=version.title)
    version.delete()
    if not listing.versions.exists():
        listing.prices.all().delete()
        listing.delete()
        listing.pk = key
    return listing


@service("withdrawListing")
def withdraw_listing(listing: Listing, *, reason: str, actor: Actor | Operator) -> Listing:
    """Take a listing from the market (下架). Servers that have it go on, and can be reinstalled for some time.

    Raises Refused.
    """
    listing = locked(Listing.objects.with_seller(), listing.pk)
    can_withdraw_listing(listing, actor).require()
    is_reason(reason).require()
    version = listing.published
    assert version is not None  # noqa: S101  or it was refused
    listing.withdrawn_at, listing.withdrawn_because = now(), reason
    listing.reinstall_until = now() + timedelta(days=settings.IMS_MARKET_REINSTALL_DAYS)
    listing.save(update_fields=["withdrawn_at", "withdrawn_because", "reinstall_until"])
    listing.versions.filter(state__in=[*ListingVersion.IN_MAKING, State.PUBLISHED]).update(
        state=State.WITHDRAWN
    )
    version.listing = listing
    until = moment(listing.reinstall_until)
    tell_buyers("listing-withdrawn-notice", version, Message.Level.WARNING, until=until, reason=reason)
    if isinstance(actor, Operator):
        tell_sellers("listing-withdrawn-by-operator", version, Message.Level.WARNING, reason=reason)
    return explain(listing, reason, name=version.title)
