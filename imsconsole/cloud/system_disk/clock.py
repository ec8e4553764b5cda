"""Former system disks are deleted when their time is over, and people are told before."""

import logging
from datetime import timedelta

from imsconsole.accounts.actor import members_of, service_actor
from imsconsole.accounts.models import Role
from imsconsole.cloud.models import Disk
from imsconsole.cloud.system_disk.services import delete_kept_disk
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import moment
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

logger = logging.getLogger(__name__)


def warn_of_expiring_disks() -> None:
    """Tell those who could still undo a change of OS that they soon cannot; once for each time a disk is kept."""
    for disk in Disk.objects.expiring().select_related("project", "server"):
        if disk.server and disk.kept_until:
            send(
                "kept-disk-expires",
                to=members_of(disk.project, Role.FULL_ACCESS, Role.ADMINISTRATOR),
                values={"name": disk.server.name, "until": moment(disk.kept_until)},
                level=Message.Level.WARNING,
                project=disk.project,
                subject=("server", disk.server.pk),
                once=f"kept-disk-expires:{disk.pk}:{disk.kept_until:%Y-%m-%dT%H:%M}",
            )


def delete_expired_disks() -> None:
    """Start a job for every disk kept too long. One whose server is busy waits for the next time."""
    disks = Disk.objects.kept().filter(kept_until__lte=now(), status=Disk.Status.KEPT)
    for disk in disks.select_related("project__region", "project__account"):
        try:
            delete_kept_disk(disk, actor=service_actor(disk.project))
        except (Refused, Conflict, NotFound) as error:
            logger.info("Kept disk %s is due but not deleted yet, and is tried again: %s", disk.pk, error)


PERIODIC = (
    Periodic("cloud.warn_of_expiring_disks", timedelta(hours=1), warn_of_expiring_disks),
    Periodic("cloud.delete_expired_disks", timedelta(minutes=10), delete_expired_disks),
)
