"""Jobs of backups as they are when they have ended."""

from datetime import timedelta
from typing import Any

from images.public.platform import platform_actor
from imsconsole.console_backup.jobs import BackUpConsole
from imsconsole.core.now import now
from imsconsole.jobs.models import Job


def ended(hours_ago: float, state: str = "done", **results: Any) -> Job:
    at, account = now() - timedelta(hours=hours_ago), platform_actor().project.account
    made = {"back_up": {"taken_at": at.isoformat(), "warnings": [], **results}} if state == "done" else {}
    return Job.objects.create(
        kind=BackUpConsole.kind, path=BackUpConsole.path(), queue="bulk", subject_kind="account", subject_id=account.pk,
        subject_name=str(account), state=state, results=made, created_at=at, finished_at=at,
        error_code="" if made else "console-backup-no-space", error_values={} if made else {"place": "/backups"},
    )  # fmt: skip
