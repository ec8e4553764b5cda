"""May a listing be deployed? Where its terms are not accepted yet, also whether the actor may accept them."""

from images.launch.rules import can_launch
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.core.rules import Verdict
from market.models import ListingVersion
from market.shop.rules import can_accept_terms


def can_deploy(image: Image, version: ListingVersion, actor: Actor) -> Verdict:
    """Servers of the image that a version has in the actor's region (§2.16)."""
    verdict = can_launch(image, actor)
    return can_accept_terms(version, actor) if verdict.code == "terms-not-accepted" else verdict
