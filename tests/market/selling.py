"""A publisher with an image, a draft of it, and what becomes of it."""

from typing import Any

from images.models import Image
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.models import User
from market.listings.drafts import VersionDraft
from market.listings.services import create_listing, submit_version
from market.models import Listing, ListingVersion, Publisher
from market.review.services import approve_version
from tests import factories
from tests.cloud.servers.machines import bootable_image
from tests.support.workers import run_jobs


def publisher(actor: Actor) -> Publisher:
    """The account's, approved."""
    found = Publisher.objects.filter(account=actor.account).first()
    return found or factories.PublisherFactory(account=actor.account)


def words(image: Image, **fields: Any) -> VersionDraft:
    """A draft as it is typed."""
    typed = {
        "version": "1.0",
        "title": "Web server",
        "summary": "nginx, ready to serve",
        "category": "web",
        "support": "support@acme.test",
        "terms": "Use it as you like.",
        "software": [("nginx", "1.26")],
        "regions": [image.region],
    }
    return VersionDraft(image=image, **(typed | fields))


def a_draft(actor: Actor, image: Image | None = None, **fields: Any) -> ListingVersion:
    """A listing with a draft of a bootable image."""
    publisher(actor)
    return create_listing(words(image or bootable_image(actor), **fields), actor=actor).latest


def in_review(actor: Actor, image: Image | None = None, **fields: Any) -> ListingVersion:
    """A version that was scanned."""
    version = submit_version(a_draft(actor, image, **fields), actor=actor)
    run_jobs()
    version.refresh_from_db()
    return version


def on_the_market(actor: Actor, operator: User, image: Image | None = None, **fields: Any) -> Listing:
    """A listing with its first version published."""
    approve_version(in_review(actor, image, **fields), actor=Operator(operator))
    run_jobs()
    return Listing.objects.get(versions__state="published", project=actor.project)
