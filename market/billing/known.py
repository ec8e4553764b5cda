"""Up to when the states of all servers are known for sure, so that usage can be charged."""

from datetime import datetime, timedelta

from django.db.models import Min, Q

from imsconsole.core.now import furthest, now
from imsconsole.jobs.models import LIVE, ClockEntry, Job

RECONCILING = "cloud.reconcile"
SLOWEST_TRANSACTION = timedelta(minutes=5)


def known_until() -> datetime | None:
    """Until then every server was looked at, and whoever was about to write of its state has written.

    A server is not looked at while a job is at work on it, so its time since before that job waits as well. None
    while the last look failed, is under way or never was.
    """
    look = ClockEntry.objects.filter(name=RECONCILING).first()
    if look is None or not look.started_at or not look.finished_at:
        return None
    if look.error or not look.started_at <= look.finished_at <= furthest(timedelta(0)):
        return None
    since = Q(
        finished_at__range=(look.started_at, furthest(timedelta(0)))
    )  # later: before the clock was put right
    unseen = Job.objects.filter(Q(state__in=LIVE) | since, subject_kind="server")
    begun = unseen.aggregate(first=Min("created_at"))["first"]
    return min(filter(None, (look.started_at, begun, now()))) - SLOWEST_TRANSACTION
