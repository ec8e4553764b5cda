"""For operators: schedules, to look at. They change through the console's services."""

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ReadOnlyInline, ServiceAdmin, trail_of
from imsconsole.cloud.models import BackupSchedule, ScheduledServer
from imsconsole.cloud.schedules.slots import said_when


class ScheduledServerInline(ReadOnlyInline):
    model = ScheduledServer
    fields = ("server", "due_at", "backup", "error_sentence")
    readonly_fields = fields

    @admin.display(description=_("reason"))
    def error_sentence(self, member: ScheduledServer) -> str:
        return member.error_sentence


@admin.register(BackupSchedule)
class BackupScheduleAdmin(ServiceAdmin):
    list_display = (
        "name",
        "project",
        "state",
        "when",
        "vault",
        "keep",
        "next_at",
        "last_run_at",
        "created_at",
    )
    list_filter = ("state", "project__region")
    search_fields = ("name", "id", "project__name")
    search_help_text = _("By name, ID or project.")
    list_select_related = ("project", "vault")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (ScheduledServerInline,)
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "created_by", "created_at")}),
        (_("When"), {"fields": ("when", "next_at", "last_run_at", "state", "reason")}),
        (_("Backups"), {"fields": ("vault", "keep")}),
    )

    @admin.display(description=_("when"))
    def when(self, schedule: BackupSchedule) -> str:
        return said_when(schedule)

    @admin.display(description=_("reason"))
    def reason(self, schedule: BackupSchedule) -> str:
        return schedule.reason

    def links_of(self, obj: BackupSchedule) -> list[tuple[str, str]]:
        return [
            (gettext("Backups"), f"{reverse('admin:cloud_backup_changelist')}?schedule={obj.pk}"),
            (gettext("What happened to it"), trail_of("backupschedule", obj.pk)),
        ]
