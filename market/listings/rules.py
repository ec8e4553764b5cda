"""What may be done with listings and their versions, by their sellers and by the operator (§2.16)."""

from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.product.rules import can_offer
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.rules import may_operate, may_write
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from market.models import Listing, ListingVersion, Publisher
from market.publishers.rules import is_publisher

State = ListingVersion.State
MOST_PICTURES = 8


def can_create_listing(publisher: Publisher | None, actor: Actor) -> Verdict:
    """Whoever may write in a project of an approved publisher's account. Which image, says `can_offer`."""
    return may_write(actor) and is_publisher(publisher)


def can_create_version(listing: Listing, actor: Actor) -> Verdict:
    """One at a time, of what is on the market. Load `versions` and `publisher` with it."""
    may_sell = _sells(listing, actor) and _is_not_withdrawn(listing) and is_publisher(listing.publisher)
    if not may_sell:
        return may_sell
    if listing.in_making is not None:
        return refuse(
            "version-in-making",
            _("The version %(version)s is not on the market yet. Finish or discard it first."),
            version=listing.in_making.version,
        )
    return ALLOWED


def can_edit_version(version: ListingVersion, actor: Actor) -> Verdict:
    """Only a draft, or what was rejected: what was sent in never changes."""
    if not (verdict := _sells(version.listing, actor)):
        return verdict
    if version.state == State.IN_REVIEW:
        return refuse(
            "version-in-review",
            _("This version waits for its review and cannot be changed. Take it back first."),
        )
    if not version.is_editable:
        return refuse(
            "version-sent-in",
            _("This version is in state “%(state)s” and cannot be changed any more. Create a new version."),
            state=told_of(version, "state"),
        )
    return ALLOWED


def can_submit_version(version: ListingVersion, image: Image, actor: Actor) -> Verdict:
    """A draft of an approved publisher whose image can be offered. `image` comes with `OFFER_FACTS`."""
    return (
        can_edit_version(version, actor)
        and is_publisher(version.listing.publisher)
        and can_offer(image, actor)
    )


def can_recall_version(version: ListingVersion, actor: Actor) -> Verdict:
    """Take back what waits for the operator."""
    if not (verdict := _sells(version.listing, actor)):
        return verdict
    if version.state != State.IN_REVIEW:
        return refuse("not-in-review", _("Only a version that waits for its review can be taken back."))
    return ALLOWED


def can_discard_version(version: ListingVersion, actor: Actor) -> Verdict:
    """Throw a draft away; a listing that never had anything else goes with it."""
    return can_edit_version(version, actor)


def can_withdraw_listing(listing: Listing, actor: Actor | Operator) -> Verdict:
    """From the market (下架): by its sellers and by the operator, while no job works on it. Load `versions` with it."""
    who = may_operate(actor) if isinstance(actor, Operator) else _sells(listing, actor)
    if not (verdict := who and _is_not_withdrawn(listing)):
        return verdict
    if listing.published is None:
        return refuse(
            "not-on-market", _("This listing is not on the market. Discard its version if it is not to be.")
        )
    if listing.in_making and listing.in_making.state in ListingVersion.AT_WORK:
        return refuse(
            "listing-busy",
            _("A new version is being worked on right now. Wait until that has ended, or cancel the job."),
        )
    return ALLOWED


def can_approve_version(version: ListingVersion, actor: Actor | Operator) -> Verdict:
    """By the operator, what has been scanned, of a publisher in good standing."""
    return may_operate(actor) and _is_in_review(version) and is_publisher(version.listing.publisher)


def can_reject_version(version: ListingVersion, actor: Actor | Operator) -> Verdict:
    """By the operator, what has been scanned."""
    return may_operate(actor) and _is_in_review(version)


def is_new_version(version: str, listing: Listing, other_than: ListingVersion | None = None) -> Verdict:
    """Versions of a listing have different names."""
    named = listing.versions.filter(version=version)
    if (named.exclude(pk=other_than.pk) if other_than else named).exists():
        return refuse("version-there", _("The listing has had this version already. Choose another name."))
    return ALLOWED


def has_room_for_picture(version: ListingVersion) -> Verdict:
    """A version has a few screenshots."""
    if version.pictures.count() < MOST_PICTURES:
        return ALLOWED
    return refuse(
        "enough-pictures",
        _("A version has at most %(most)s screenshots. Remove one first."),
        most=MOST_PICTURES,
    )


def _is_in_review(version: ListingVersion) -> Verdict:
    if version.state == State.IN_REVIEW:
        return ALLOWED
    return refuse(
        "not-in-review",
        _("%(name)s is in state “%(state)s” and has nothing to decide about."),
        name=version,
        state=told_of(version, "state"),
    )


def _sells(listing: Listing, actor: Actor | Operator) -> Verdict:
    if not (verdict := may_write(actor)):
        return verdict
    if actor.project is None or listing.project_id != actor.project.pk:
        return refuse("not-seller", _("Only the project that offers a listing can change it."))
    return ALLOWED


def _is_not_withdrawn(listing: Listing) -> Verdict:
    if listing.withdrawn_at is None:
        return ALLOWED
    return refuse(
        "listing-withdrawn",
        _("This listing was withdrawn and does not come back. Publish the image in a new one."),
    )
