"""What came of the last backup, for whoever watches the console."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from images.public.platform import PLATFORM
from imsconsole.accounts.models import Account
from imsconsole.core.now import now
from imsconsole.jobs.models import Job

KIND = "console.backup"
LATE_AFTER = timedelta(hours=26)  # one is made every day


@dataclass(frozen=True)
class LastBackup:
    """`taken_at` is the instant of the last good one; `failed` is the job of a later one that failed."""

    taken_at: datetime | None
    made: Job | None
    failed: Job | None

    @property
    def age(self) -> timedelta | None:
        return max(timedelta(0), now() - self.taken_at) if self.taken_at else None

    @property
    def is_late(self) -> bool:
        """Whether it is older than a day, where one is to be made every day."""
        return bool(settings.IMS_BACKUP_TO) and (self.age is None or self.age > LATE_AFTER)

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What it lacks, or has of several instants: codes and values of sentences."""
        return list(self.made.results["back_up"].get("warnings", ())) if self.made else []


def jobs_of_backups() -> "QuerySet[Job]":
    """Few among very many: an index has those about the platform's account."""
    platform = Account.objects.filter(name=PLATFORM).values("pk")
    return Job.objects.filter(subject_id__in=platform, kind=KIND)


def last_backup() -> LastBackup:
    """In two questions, however many jobs there were."""
    ended = jobs_of_backups().order_by("-created_at")
    made = ended.filter(results__back_up__taken_at__isnull=False).first()
    failed = ended.filter(state=Job.State.FAILED).first()
    if made and failed and failed.created_at < made.created_at:
        failed = None
    taken_at = parse_datetime(made.results["back_up"]["taken_at"]) if made else None
    return LastBackup(taken_at, made, failed)
