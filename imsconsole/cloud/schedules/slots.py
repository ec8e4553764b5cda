"""When a schedule is due: at its hour in its time zone, on its days. Each of them is one time, whatever clocks do."""

from datetime import UTC, datetime, time, timedelta

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from imsconsole.accounts.preferences import zone_of
from imsconsole.cloud.models import BackupSchedule
from imsconsole.core.now import now

AHEAD = 10  # days in which there is one: a week, today, and one that a time zone left out


def next_slot(schedule: BackupSchedule, after: datetime) -> datetime:
    """The first time after `after`. An hour that a day does not have is the one after it, of one it has twice the first."""
    zone = zone_of(schedule.time_zone)
    first = after.astimezone(zone).date()
    days = (first + timedelta(days=ahead) for ahead in range(AHEAD))
    slots = (
        datetime.combine(day, time(schedule.hour), zone).astimezone(UTC)
        for day in days
        if not schedule.weekdays or day.weekday() in schedule.weekdays
    )
    return next(slot for slot in slots if slot > after)


def plan(schedule: BackupSchedule) -> None:
    """Note the next time: not the one of which a run was begun, when the clock was put back since."""
    at, ran = next_slot(schedule, now()), schedule.last_run_at
    if ran and at <= ran < (following := next_slot(schedule, at)):
        at = following
    schedule.next_at, schedule.planned_at = at, now()


def said_when(schedule: BackupSchedule) -> str:
    """Daily at 02:00 (Asia/Shanghai)."""
    at = {"hour": f"{schedule.hour:02}:00", "zone": schedule.time_zone}
    if not schedule.weekdays:
        return _("Daily at %(hour)s (%(zone)s)") % at
    days = ", ".join(str(WEEKDAYS_ABBR[day]) for day in sorted(schedule.weekdays))
    return _("%(days)s at %(hour)s (%(zone)s)") % {"days": days, **at}
