"""For operators: backups and their disks, to look at. They change through the console's services."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ByZone, ServiceAdmin, trail_of
from imsconsole.cloud.backups.rules import can_back_up
from imsconsole.cloud.backups.services import create_legacy_backup
from imsconsole.cloud.models import Backup, BackupDisk, Disk
from imsconsole.cloud.stored.admin import OfStoredInline
from imsconsole.core.now import now
from imsconsole.core.text import size


class LegacyBackups(ServiceAdmin):
    """The action of the list of servers that makes backups as CSBS did: only operators bring such data in."""

    actions: Any = ("back_up_as_csbs",)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("cloud.change_server"))

    @admin.action(description=_("Back up as the legacy CSBS did"), permissions=["operate"])
    def back_up_as_csbs(self, request: HttpRequest, queryset: "QuerySet[Any]") -> Any:
        attached = Prefetch("disks", Disk.objects.attached(), to_attr="present_disks")
        name = f"csbs-{localtime(now()):%Y%m%d-%H%M%S}"
        return self.ask_then(
            request,
            queryset.prefetch_related(attached),
            question=gettext("Make legacy backups (CSBS) of these servers?"),
            rule=lambda server, actor: can_back_up(server, actor, server.present_disks),
            call=lambda server, actor: create_legacy_backup(server, name=name, actor=actor),
        )


class BackupDiskInline(OfStoredInline):
    model = BackupDisk
    fields = (
        "index", "role", "name", "disk_id", "size_gb", "format", "stored_size", "checksum", "stored", "key", "verified",
        "damaged",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("size in the store"))
    def stored_size(self, disk: BackupDisk) -> str:
        return size(disk.size_bytes)


class DamagedBackups(admin.SimpleListFilter):
    """Backups whose stored bytes are not what they were, or not there."""

    title = _("stored bytes")
    parameter_name = "bytes"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("damaged", _("Damaged or gone"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "damaged":
            return queryset
        damaged = BackupDisk.objects.filter(stored__damaged_at__isnull=False).values("backup")
        return queryset.filter(pk__in=damaged, deleted_at=None)


@admin.register(Backup)
class BackupAdmin(ServiceAdmin):
    list_display = (
        "name",
        "project",
        "kind",
        "status",
        "server_name",
        "vault",
        "size_gb",
        "stored",
        "created_at",
        "deleted_at",
    )
    list_filter = ("kind", "status", DamagedBackups, "project__region", ("zone", ByZone))
    search_fields = ("name", "id", "server_name", "server_id", "project__name")
    search_help_text = _("By name, ID, server or project.")
    list_select_related = ("project", "vault")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (BackupDiskInline,)
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "kind", "vault", "created_by", "created_at")}),
        (_("State"), {"fields": ("status", "error_sentence", "taken_at", "stored", "deleted_at")}),
        (
            _("The server as it was"),
            {
                "fields": (
                    "server_name",
                    "server_id",
                    "zone",
                    "flavor",
                    "image",
                    "architecture",
                    "boot_mode",
                    "multi_queue",
                    "secure_boot",
                    "tpm",
                    "size_gb",
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Backup]":
        return super().get_queryset(request).weighed()  # type: ignore[attr-defined]

    @admin.display(description=_("size"), ordering="stored_bytes")
    def stored(self, backup: Backup) -> str:
        return size(backup.stored_bytes or None)

    @admin.display(description=_("reason"))
    def error_sentence(self, backup: Backup) -> str:
        return backup.error_sentence

    def links_of(self, obj: Backup) -> list[tuple[str, str]]:
        return [
            (gettext("Server"), f"{reverse('admin:cloud_server_changelist')}?id={obj.server_id}"),
            (gettext("What happened to it"), trail_of("backup", obj.pk)),
        ]
