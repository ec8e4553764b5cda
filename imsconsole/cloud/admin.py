"""For operators: flavors are kept here, the rest is only looked at; it changes through the console's services."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from imsconsole.cloud.models import Disk, Flavor, KeyPair, Server, Usage


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Flavor)
class FlavorAdmin(admin.ModelAdmin[Flavor]):
    list_display = ("name", "series", "vcpus", "memory_mb", "architecture", "device", "bare_metal", "hidden")
    list_filter = ("architecture", "device", "bare_metal", "hidden")
    search_fields = ("name", "series")


@admin.register(Server)
class ServerAdmin(ReadOnly):
    list_display = (
        "name",
        "id",
        "project",
        "status",
        "flavor",
        "zone",
        "private_ip",
        "created_at",
        "deleted_at",
    )
    list_filter = ("status", "zone")
    search_fields = ("name", "id", "private_ip")
    list_select_related = ("project", "flavor", "zone")
    exclude = ("password_hash", "user_data")


@admin.register(Disk)
class DiskAdmin(ReadOnly):
    list_display = ("name", "project", "role", "size_gb", "status", "server", "zone")
    list_filter = ("role", "status")
    search_fields = ("name", "id")
    list_select_related = ("project", "server", "zone")
    exclude = ("login",)


@admin.register(KeyPair)
class KeyPairAdmin(ReadOnly):
    list_display = ("name", "project", "fingerprint", "created_at")
    search_fields = ("name", "fingerprint")
    list_select_related = ("project",)


@admin.register(Usage)
class UsageAdmin(ReadOnly):
    list_display = ("server", "project", "state", "flavor", "image", "disk_gb", "started_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("server", "project", "flavor", "image")
