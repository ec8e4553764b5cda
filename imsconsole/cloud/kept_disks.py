"""Former system disks are deleted when their time is over."""

import logging

from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.models import Disk
from imsconsole.cloud.services.kept_disks import delete_kept_disk
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.core.rules import Refused

logger = logging.getLogger(__name__)


def delete_expired_disks() -> None:
    """Start a job for every disk kept too long. One whose server is busy waits for the next time."""
    disks = Disk.objects.kept().filter(kept_until__lte=now(), status=Disk.Status.KEPT)
    for disk in disks.select_related("project__region", "project__account"):
        try:
            delete_kept_disk(disk, actor=service_actor(disk.project))
        except (Refused, Conflict, NotFound) as error:
            logger.info("disk %s is kept a little longer: %s", disk.pk, error)
