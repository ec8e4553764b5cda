"""What the clock does about market images that nobody can use any more."""

import logging

from django.db.models import Exists, OuterRef, Q

from images.models import Image
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.models import Server
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from market.models import Edition, ListingVersion
from market.review.services import delete_edition

logger = logging.getLogger(__name__)


def delete_old_editions() -> None:
    """Market images that nobody can use any more: of listings that were withdrawn long enough ago, and of replaced
    versions that no server has. What is busy waits for the next run.
    """
    servers = Server.objects.filter(image=OuterRef("image"), deleted_at=None)
    over = Q(version_of__listing__reinstall_until__lte=now())
    unused = Q(version_of__state=ListingVersion.State.REPLACED) & ~Exists(servers)
    there = Edition.objects.filter(over | unused).exclude(image__status=Image.Status.DELETED)
    for edition in there.select_related("version_of__listing__project__account"):
        try:
            delete_edition(edition, actor=service_actor(edition.version_of.listing.project))
        except (Conflict, NotFound) as error:
            logger.info(
                "Market image %s is out of use but not deleted yet, and is tried again: %s",
                edition.image_id,
                error,
            )
