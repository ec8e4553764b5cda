"""Periodic work of this room."""

from datetime import timedelta
from itertools import chain

from django.conf import settings
from django.core.management import call_command
from django.db.models import Q
from django_tasks import TaskResultStatus, default_task_backend
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks_db.models import DBTaskResult

from imsconsole.core.now import furthest, now
from imsconsole.core.periodic import Periodic
from imsconsole.jobs.counters import sum_up
from imsconsole.jobs.hosts import forget_hosts
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.start import wake_job


def take_up_orphans() -> None:
    """Wake every job whose worker is gone, and every waiting one whose wake-up was lost."""
    stale = Q(woken_at__lt=now() - timedelta(seconds=settings.IMS_JOB_LEASE_S))
    unsure = Q(woken_at__gt=furthest(timedelta(0)))
    there = Job.objects.exclude(pk__in=Job.objects.live().put_off().values("pk"))
    for job in chain(there.lapsed(), there.filter(stale | unsure, state=Job.State.QUEUED)):
        if not _is_waking(job):
            wake_job(job)


def _is_waking(job: Job) -> bool:
    """Whether the queue still holds a wake-up for the job."""
    try:
        status = default_task_backend.get_result(job.task_id).status
    except (TaskResultDoesNotExist, ValueError):
        return False
    return bool(status == TaskResultStatus.READY)


def forget_old_tasks() -> None:
    """Prune the queue's finished rows, and those of workers that were killed, which nobody finishes; the jobs themselves stay."""
    age = {"min_age_days": settings.IMS_TASKS_KEPT_DAYS}
    call_command(
        "prune_db_task_results", queue_name="*", **age, verbosity=0
    )  # by itself it looks at none of ours
    long_ago = now() - timedelta(days=settings.IMS_TASKS_KEPT_DAYS)
    DBTaskResult.objects.running().filter(started_at__lt=long_ago).delete()


def forget_gone_hosts() -> None:
    """Those that nobody has seen for a day, and what each host's clock does."""
    forget_hosts()
    ClockEntry.objects.filter(name__contains="@", due_at__lt=now() - timedelta(days=1)).delete()


PERIODIC = (
    Periodic(
        "jobs.take_up_orphans", timedelta(seconds=max(0.5, settings.IMS_JOB_LEASE_S / 10)), take_up_orphans
    ),
    Periodic("jobs.sum_up_quotas", timedelta(minutes=1), sum_up),
    Periodic("jobs.forget_old_tasks", timedelta(hours=24), forget_old_tasks),
    Periodic("jobs.forget_gone_hosts", timedelta(hours=1), forget_gone_hosts),
)
