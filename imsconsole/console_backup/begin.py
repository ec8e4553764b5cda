"""Beginning a backup: by the clock, or by a command."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from images.public.platform import platform_actor
from imsconsole.console_backup.jobs import BackUpConsole
from imsconsole.console_backup.last import jobs_of_backups
from imsconsole.console_backup.where import place_at
from imsconsole.core.now import furthest, now
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job


@transaction.atomic
def begin_backup(to: str, keep: int) -> Job:
    """Start it. Raises Conflict: one is being made already; BackupError: no such place; NotFound: there is no region."""
    place_at(to)
    actor = platform_actor()
    return start_job(BackUpConsole, actor.project.account, actor=actor, to=to, keep=keep)


def begin_due_backup() -> None:
    """The one of today, once its hour has come; a day that was missed is made up for. Raises what `begin_backup` does."""
    if not settings.IMS_BACKUP_TO:
        return
    since = {"created_at__gte": _last_hour(), "created_at__lte": furthest(timedelta(0))}
    if not jobs_of_backups().filter(**since).exists():
        begin_backup(settings.IMS_BACKUP_TO, settings.IMS_BACKUP_KEEP)


def _last_hour() -> datetime:
    """When one was to begin last."""
    here = now().astimezone(ZoneInfo(settings.IMS_TIME_ZONE))
    today = here.replace(hour=settings.IMS_BACKUP_HOUR, minute=0, second=0, microsecond=0)
    return today if today <= here else today - timedelta(days=1)
