"""What may be done with a schedule."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import BackupSchedule
from imsconsole.cloud.schedules.rules import (
    can_create_schedule,
    can_delete_schedule,
    can_edit_schedule,
    can_pause_schedule,
    can_resume_schedule,
    can_run_schedule,
)
from imsconsole.core.actions import Action


def _is_off(schedule: BackupSchedule) -> bool:
    return schedule.state == BackupSchedule.State.OFF


def _is_on(schedule: BackupSchedule) -> bool:
    return not _is_off(schedule)


SCHEDULE_ACTIONS = (
    Action(_("Run now"), "schedules:run", can_run_schedule, "play", method="post"),
    Action(_("Pause"), "schedules:pause", can_pause_schedule, "pause", is_shown=_is_on, method="post"),
    Action(_("Resume"), "schedules:resume", can_resume_schedule, "forward", is_shown=_is_off, method="post"),
    Action(_("Modify"), "schedules:edit", can_edit_schedule, "pencil", key="e"),
    Action(_("Delete"), "schedules:delete", can_delete_schedule, "trash", key="d", asks=True),
)
SCHEDULE_LIST_ACTIONS = (
    Action(_("Create schedule"), "schedules:create", can_create_schedule, "plus", style="primary"),
)
