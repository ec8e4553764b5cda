"""What the clock does about stored bytes: those that a job was the last to use go when it has ended."""

import logging
from datetime import timedelta

from imsconsole.cloud.models import StoredBytes
from imsconsole.cloud.stored.removal import remove_unused
from imsconsole.core.errors import ImsError
from imsconsole.core.periodic import Periodic

logger = logging.getLogger(__name__)


def remove_unused_bytes() -> None:
    """What an engine does not delete now, the next run does."""
    for stored in StoredBytes.objects.unused():
        try:
            remove_unused(stored)
        except ImsError as error:
            logger.info("Stored bytes %s are not removed yet, and are tried again: %s", stored.ref, error)


PERIODIC = (Periodic("cloud.remove_unused_bytes", timedelta(minutes=1), remove_unused_bytes),)
