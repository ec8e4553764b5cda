"""Accept the terms of an offer."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.core.contention import one_wins
from market.models import Acceptance, ListingVersion
from market.shop.rules import can_accept_terms


@service("acceptTerms")
def accept_terms(version: ListingVersion, *, actor: Actor) -> ListingVersion:
    """Write down that the project accepts the terms of this version. Raises Refused."""
    can_accept_terms(version, actor).require()
    with one_wins(lambda: can_accept_terms(version, actor)):
        Acceptance.objects.create(version_of=version, project=actor.project, accepted_by=actor.user)
    return version
