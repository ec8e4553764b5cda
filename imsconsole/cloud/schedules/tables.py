"""The list of schedules, and the columns of its file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.tables import BackupTable
from imsconsole.cloud.models import BackupSchedule
from imsconsole.cloud.schedules.actions import SCHEDULE_ACTIONS
from imsconsole.cloud.schedules.slots import said_when
from imsconsole.core.cells import lines, status
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import (
    ActionsColumn,
    Empty,
    ImsTable,
    NameColumn,
    NumberColumn,
    StatusColumn,
    TimeColumn,
)


class ScheduleTable(ImsTable):
    """A page of `filters.schedules_of`, for `actor`."""

    caption = _("Backup schedules")
    empty = Empty(
        _("No backup schedules yet"),
        _("A schedule backs up servers every day or week, and keeps the last backups of each."),
        icon="calendar-days",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "state": True,
        "hour": True,
        "servers_count": True,
        "vault": True,
        "keep": True,
        "next_at": True,
        "last_run_at": False,
        "created_by": False,
        "created_at": False,
    }

    name = NameColumn()
    state = StatusColumn("state", verbose_name=_("Status"))
    hour = tables.Column(verbose_name=_("When"), order_by=("hour", "pk"))
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers"))
    vault = tables.Column(linkify=True, order_by=("vault__name", "pk"))
    keep = NumberColumn("keep", verbose_name=_("Kept of each"))
    next_at = TimeColumn("next_at")
    last_run_at = TimeColumn("last_run_at")
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(SCHEDULE_ACTIONS)

    class Meta(ImsTable.Meta):
        model = BackupSchedule
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "schedules-table"}
        order_by = ("name",)

    def render_state(self, record: BackupSchedule) -> SafeString:
        dot = status(record.state, record.get_state_display())
        return lines(dot, record.reason) if record.reason else dot

    def render_hour(self, record: BackupSchedule) -> str:
        return said_when(record)


class BackupsOfSchedule(BackupTable):
    empty = Empty(
        _("The schedule has made no backup yet"),
        _("Its backups are here once its time has come, or when you run it now."),
        icon="clock",
    )

    class Meta(BackupTable.Meta):
        pass


COLUMNS: Columns = (
    (_("Name"), lambda schedule: schedule.name),
    ("ID", lambda schedule: schedule.pk),
    (_("Status"), lambda schedule: schedule.get_state_display()),
    (_("Reason"), lambda schedule: schedule.reason),
    (_("When"), said_when),
    (_("Servers"), lambda schedule: schedule.servers_count),
    (_("Vault"), lambda schedule: schedule.vault),
    (_("Kept of each"), lambda schedule: schedule.keep),
    (_("Next run"), lambda schedule: moment(schedule.next_at)),
    (_("Last run"), lambda schedule: moment(schedule.last_run_at)),
    (_("Created by"), lambda schedule: schedule.created_by),
    (_("Created at"), lambda schedule: moment(schedule.created_at)),
)
