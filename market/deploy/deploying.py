"""Accept the terms of a listing and create servers of it."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from images.launch.rules import Launch
from images.launch.services import create_servers
from images.product.products import product_of
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server
from imsconsole.core.rules import refuse
from market.models import ListingVersion
from market.shop.services import accept_terms


@transaction.atomic
def deploy(order: Launch, version: ListingVersion, *, accepts_terms: bool, actor: Actor) -> list[Server]:
    """Both or neither; terms that the project has accepted already are not accepted again. Raises Refused, NotFound."""
    product = product_of(order.image, actor)
    if product and not product.is_accepted:
        if not accepts_terms:
            refuse(
                "terms-needed", _("Read the licence terms and accept them, or nothing is created.")
            ).require()
        accept_terms(version, actor=actor)
    return create_servers(**vars(order), actor=actor)
