"""Of the backups that a schedule made, the last so many of each server stay."""

import logging
from datetime import timedelta

from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.backups.services import delete_backup
from imsconsole.cloud.models import Backup, BackupSchedule, Server
from imsconsole.core.locks import locked_all
from imsconsole.core.now import furthest
from imsconsole.core.rules import Refused

logger = logging.getLogger(__name__)
GOOD = (Backup.Status.AVAILABLE, Backup.Status.RESTORING)


def prune(schedule: BackupSchedule, newest: Backup) -> None:
    """Delete what is one too many, now that `newest` is there. In a transaction that holds the schedule.

    Only what the schedule itself has made of that server. All of that is held, so that whoever deletes the newest by
    hand at this moment leaves the last good one. What is in use stays, and is asked about the next time.
    """
    of_server = Backup.objects.existing().filter(schedule=schedule, server_id=newest.server_id)
    made = locked_all(of_server.prefetch_related("disks"))
    good = sorted((each for each in made if _is_good(each)), key=_age, reverse=True)
    if newest not in good:
        return
    good.remove(newest)
    kept = {newest, *good[: schedule.keep - 1]}
    read = set(
        Server.objects.existing()
        .filter(restored_from__in=made, status=Server.Status.CREATING)
        .values_list("restored_from", flat=True)
    )
    for backup in made:
        if backup not in kept and backup.pk not in read:
            _delete(backup, schedule)


def _is_good(backup: Backup) -> bool:
    return backup.status in GOOD and not backup.is_damaged


def _age(backup: Backup) -> tuple[bool, object]:
    """By when it was made; what a clock that stood wrong has made later than now is older than what is here."""
    return backup.created_at <= furthest(timedelta(0)), backup.created_at


def _delete(backup: Backup, schedule: BackupSchedule) -> None:
    try:
        delete_backup(backup, actor=service_actor(schedule.project))
    except Refused as refused:
        logger.info("Backup %s of schedule %s stays for now: %s", backup.pk, schedule.pk, refused)
