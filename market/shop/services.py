"""Accept the terms of an offer."""

from django.db import IntegrityError, transaction

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from market.models import Acceptance, ListingVersion
from market.shop.rules import can_accept_terms


@service("acceptTerms")
def accept_terms(version: ListingVersion, *, actor: Actor) -> ListingVersion:
    """Write down that the project accepts the terms of this version. Raises Refused."""
    can_accept_terms(version, actor).require()
    try:
        with transaction.atomic():
            Acceptance.objects.create(version_of=version, project=actor.project, accepted_by=actor.user)
    except IntegrityError:
        can_accept_terms(version, actor).require()
        raise
    return version
