"""For operators: OS versions are kept here; of public images they say what becomes of them; the rest is looked at."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from images.admin_public import PublicImageActions
from images.models import Image, ImageDisk, ImageTag, OsVersion, Upload


class ReadOnly:
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ImageDiskInline(ReadOnly, admin.TabularInline[ImageDisk, Image]):
    model = ImageDisk
    extra = 0


class ImageTagInline(ReadOnly, admin.TabularInline[ImageTag, Image]):
    model = ImageTag
    extra = 0


@admin.register(OsVersion)
class OsVersionAdmin(admin.ModelAdmin[OsVersion]):
    list_display = (
        "name",
        "os_type",
        "platform",
        "bits",
        "boots_bios",
        "boots_uefi",
        "on_x86",
        "on_arm",
        "for_bms",
    )
    list_filter = ("os_type", "platform", "bits", "boots_uefi", "on_arm", "for_bms")
    search_fields = ("name", "platform")


@admin.register(Image)
class ImageAdmin(ReadOnly, PublicImageActions):
    """To look at. What becomes of public images is said by actions; private ones are their owners'."""

    list_display = (
        "name",
        "id",
        "category",
        "project",
        "region",
        "status",
        "type",
        "hidden",
        "protected",
        "deprecated_on",
        "created_at",
    )
    list_filter = ("category", "status", "type", "region", "hidden", "protected", "deprecated_on")
    search_fields = ("name", "id")
    list_select_related = ("project", "region")
    inlines = (ImageDiskInline, ImageTagInline)


@admin.register(Upload)
class UploadAdmin(ReadOnly, admin.ModelAdmin[Upload]):
    list_display = (
        "name",
        "project",
        "user",
        "state",
        "size_bytes",
        "received_bytes",
        "created_at",
        "expires_at",
    )
    list_filter = ("state",)
    search_fields = ("name", "id")
    list_select_related = ("project", "user")
