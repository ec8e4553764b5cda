"""For operators: flavors are kept here, the rest is only looked at; it changes through the console's services."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import (
    ByZone,
    ReadOnlyInline,
    ServiceAdmin,
    count_of,
    operator_of,
    trail_of,
)
from imsconsole.cloud.backups.admin import BackupAdmin, LegacyBackups
from imsconsole.cloud.buckets.admin import BucketAdmin, BucketObjectAdmin
from imsconsole.cloud.flavors import services as flavors
from imsconsole.cloud.keys.admin import KeyAdmin, KeyGrantAdmin, MasterKeyAdmin
from imsconsole.cloud.models import (
    Disk,
    DiskTag,
    Flavor,
    KeyPair,
    Reading,
    Server,
    ServerTag,
    Usage,
    Vault,
)
from imsconsole.cloud.regions.admin import ForeignThingAdmin, RegionReportAdmin
from imsconsole.cloud.schedules.admin import BackupScheduleAdmin
from imsconsole.cloud.stored.admin import StoredBytesAdmin
from imsconsole.cloud.user_data.admin import UserDataAdmin
from imsconsole.core.text import duration, size

__all__ = [
    "BackupAdmin",
    "BackupScheduleAdmin",
    "BucketAdmin",
    "BucketObjectAdmin",
    "ForeignThingAdmin",
    "KeyAdmin",
    "KeyGrantAdmin",
    "MasterKeyAdmin",
    "RegionReportAdmin",
    "StoredBytesAdmin",
    "UserDataAdmin",
]  # registered there; Django looks here


class Existing(admin.SimpleListFilter):
    """Rows stay when the thing is deleted, for the trail and for usage."""

    title = _("existence")
    parameter_name = "exists"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("yes", _("Existing")), ("no", _("Deleted"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() == "yes")


@admin.register(Flavor)
class FlavorAdmin(ServiceAdmin):
    added_by = (flavors.create_flavor,)
    changed_by = {"hidden": flavors.hide_flavor}
    deleted_by = (flavors.delete_flavor,)
    list_display = (
        "name", "series", "vcpus", "memory_mb", "architecture", "device", "bare_metal", "hidden", "servers_count",
    )  # fmt: skip
    list_filter = ("hidden", "series", "architecture", "device", "bare_metal")
    search_fields = ("name", "series")
    fieldsets = (
        (None, {"fields": ("name", "series")}),
        (
            _("Size"),
            {
                "fields": ("vcpus", "memory_mb", "architecture", "device", "bare_metal"),
                "description": _(
                    "Servers and their usage are counted by it, so it stays: to change a size, add a flavor and "
                    "hide the old one."
                ),
            },
        ),
        (
            _("Offer"),
            {
                "fields": ("hidden",),
                "description": _("A hidden flavor can no longer be chosen; servers that have it go on."),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Flavor]":
        servers = Server.objects.existing()
        return super().get_queryset(request).annotate(servers_n=count_of(servers, "flavor"))

    @admin.display(description=_("servers"), ordering="servers_n")
    def servers_count(self, flavor: Any) -> int:
        return int(flavor.servers_n)

    def links_of(self, obj: Flavor) -> list[tuple[str, str]]:
        return [
            (gettext("Servers"), f"{reverse('admin:cloud_server_changelist')}?flavor={obj.pk}&exists=yes")
        ]

    def save_model(self, request: HttpRequest, obj: Flavor, form: Any, change: bool) -> None:
        if change:
            flavors.hide_flavor(flavor=obj, hidden=obj.hidden, actor=operator_of(request))
        else:
            flavors.create_flavor(flavor=obj, actor=operator_of(request))

    def delete_model(self, request: HttpRequest, obj: Flavor) -> None:
        flavors.delete_flavor(flavor=obj, actor=operator_of(request))


class ServerTagInline(ReadOnlyInline):
    model = ServerTag
    fields = readonly_fields = ("key", "value")


class DiskTagInline(ReadOnlyInline):
    model = DiskTag
    fields = readonly_fields = ("key", "value")


@admin.register(Server)
class ServerAdmin(LegacyBackups):
    """The password's hash, user data and keys are the owner's; they are not shown."""

    list_display = (
        "name",
        "project",
        "zone",
        "status",
        "since",
        "flavor",
        "image",
        "private_ip",
        "created_at",
    )
    list_filter = (Existing, "status", ("zone", ByZone), "flavor", "auto_start", "is_temporary")
    search_fields = ("name", "id", "private_ip", "mac", "project__name")
    search_help_text = _("By name, ID, private IP, MAC or project.")
    inlines = (ServerTagInline,)
    list_select_related = ("project", "flavor", "zone", "image")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "zone", "created_by", "created_at", "deleted_at")}),
        (
            _("State"),
            {
                "fields": ("status", "since", "status_sentence", "auto_start", "is_temporary"),
                "description": _("As it was last seen: the clock compares it with the server's process."),
            },
        ),
        (_("Size and system"), {"fields": ("flavor", "image", "architecture", "boot_mode")}),
        (_("Network"), {"fields": ("private_ip", "mac", "ssh_host", "ssh_port", "key_pair")}),
        (_("On the host"), {"fields": ("ref", "host_name"), "classes": ("collapse",)}),
    )

    @admin.display(description=_("since"), ordering="status_since")
    def since(self, server: Server) -> Any:
        return server.status_since

    @admin.display(description=_("reason"))
    def status_sentence(self, server: Server) -> str:
        return server.status_sentence

    def links_of(self, obj: Server) -> list[tuple[str, str]]:
        return [
            (gettext("Disks"), f"{reverse('admin:cloud_disk_changelist')}?server={obj.pk}"),
            (gettext("Jobs"), f"{reverse('admin:jobs_job_changelist')}?subject_id={obj.pk}"),
            (gettext("Usage"), f"{reverse('admin:cloud_usage_changelist')}?server={obj.pk}"),
            (gettext("What happened to it"), trail_of("server", obj.pk)),
        ]


@admin.register(Disk)
class DiskAdmin(ServiceAdmin):
    list_display = (
        "name",
        "project",
        "role",
        "size_gb",
        "status",
        "server",
        "zone",
        "kept_until",
        "created_at",
    )
    list_filter = (Existing, "role", "status", ("zone", ByZone))
    search_fields = ("name", "id", "server__name", "project__name")
    list_select_related = ("project", "server", "zone")
    inlines = (DiskTagInline,)
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "zone", "created_at", "deleted_at")}),
        (_("Disk"), {"fields": ("role", "size_gb", "status", "image", "key")}),
        (
            _("Server"),
            {
                "fields": ("server", "index", "beside", "kept_until"),
                "description": _(
                    "A disk that is beside its server is being built for another system, or kept after a change "
                    "until that time."
                ),
            },
        ),
        (_("On the host"), {"fields": ("ref", "instance_id"), "classes": ("collapse",)}),
    )

    def links_of(self, obj: Disk) -> list[tuple[str, str]]:
        return [
            (gettext("Jobs"), f"{reverse('admin:jobs_job_changelist')}?subject_id={obj.pk}"),
            (gettext("What happened to it"), trail_of("disk", obj.pk)),
        ]


@admin.register(KeyPair)
class KeyPairAdmin(ServiceAdmin):
    list_display = ("name", "project", "fingerprint", "created_at")
    search_fields = ("name", "fingerprint", "id", "project__name")
    list_filter = ("project__region",)
    list_select_related = ("project",)
    date_hierarchy = "created_at"
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "id", "project", "fingerprint", "public_key", "created_at"),
                "description": _("The public half only; the private half is never kept."),
            },
        ),
    )

    def links_of(self, obj: KeyPair) -> list[tuple[str, str]]:
        return [(gettext("Servers"), f"{reverse('admin:cloud_server_changelist')}?key_pair={obj.pk}")]


@admin.register(Reading)
class ReadingAdmin(ServiceAdmin):
    list_display = (
        "server",
        "minute",
        "vcpus",
        "cpu_s",
        "memory_bytes",
        "read_bytes",
        "written_bytes",
        "is_kept",
    )
    list_filter = ("is_kept",)
    search_fields = ("server__name", "server__id")
    list_select_related = ("server",)
    date_hierarchy = "minute"
    show_full_result_count = False
    ordering = ("-minute", "server")
    fieldsets = (
        (
            None,
            {
                "fields": ("server", "minute", "is_kept", "run_s", "vcpus", "memory_bytes"),
                "description": _(
                    "Counters of a running server as they stood in a minute. Kept for an hour or a day."
                ),
            },
        ),
        (
            _("Counted since its start"),
            {"fields": ("cpu_s", "read_bytes", "written_bytes", "received_bytes", "sent_bytes")},
        ),
    )


@admin.register(Usage)
class UsageAdmin(ServiceAdmin):
    list_display = (
        "server",
        "project",
        "state",
        "flavor",
        "image",
        "disk_gb",
        "started_at",
        "ended_at",
        "lasted",
    )
    list_filter = ("state", "flavor")
    search_fields = ("server__name", "server__id", "project__name")
    list_select_related = ("server", "project", "flavor", "image")
    date_hierarchy = "started_at"
    show_full_result_count = False
    ordering = ("-started_at", "-pk")
    fieldsets = (
        (
            None,
            {
                "fields": ("server", "project", "state", "flavor", "image", "disk_gb"),
                "description": _(
                    "An interval in which a server kept its state, flavor, image and disk size. Only ever added."
                ),
            },
        ),
        (_("Times"), {"fields": ("started_at", "ended_at", "lasted")}),
    )

    @admin.display(description=_("lasted"))
    def lasted(self, usage: Usage) -> str:
        if usage.ended_at is None:
            return "–"
        return duration((usage.ended_at - usage.started_at).total_seconds())


@admin.register(Vault)
class VaultAdmin(ServiceAdmin):
    list_display = (
        "name",
        "project",
        "capacity_gb",
        "used",
        "backups_n",
        "created_by",
        "created_at",
        "deleted_at",
    )
    list_filter = ("protection", "project__region", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "id", "project__name")
    search_help_text = _("By name, ID or project.")
    list_select_related = ("project", "created_by")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "created_by", "created_at", "deleted_at")}),
        (_("Capacity"), {"fields": ("protection", "capacity_gb", "used", "backups_n", "received_n")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Vault]":
        return super().get_queryset(request).with_facts()  # type: ignore[attr-defined]

    @admin.display(description=_("used"), ordering="used_bytes")
    def used(self, vault: Vault) -> str:
        return size(vault.used_bytes)

    @admin.display(description=_("backups"), ordering="backups_count")
    def backups_n(self, vault: Vault) -> int:
        return vault.backups_count

    @admin.display(description=_("received images"))
    def received_n(self, vault: Vault) -> int:
        return vault.received_count

    def links_of(self, obj: Vault) -> list[tuple[str, str]]:
        return [
            (gettext("Backups"), f"{reverse('admin:cloud_backup_changelist')}?vault={obj.pk}"),
            (gettext("What happened to it"), trail_of("vault", obj.pk)),
        ]
