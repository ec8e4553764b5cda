"""For operators: OS versions are kept here; of public images they say what becomes of them; the rest is looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from images.adopt.admin import CloudImageAdmin
from images.models import Download, Image, ImageDisk, ImageTag, OsVersion, Upload
from images.os import services as os_versions
from images.public.admin import PublicImageActions
from images.verify.services import verify_image
from imsconsole.accounts.service_admin import (
    ReadOnlyInline,
    ServiceAdmin,
    count_of,
    operator_of,
    trail_of,
)
from imsconsole.cloud.models import Server
from imsconsole.cloud.stored.admin import OfStoredInline
from imsconsole.core.text import size

__all__ = ["CloudImageAdmin"]  # registered there; Django looks here


class OsVersionForm(forms.ModelForm):
    class Meta:
        model = OsVersion
        fields = (
            "name", "os_type", "platform", "version", "bits", "boots_bios", "boots_uefi", "on_x86", "on_arm",
            "for_ecs", "for_bms", "flavor_series",
        )  # fmt: skip
        help_texts = {"flavor_series": _('As a list: ["t6", "s6"]. Empty, []: every series.')}

    def clean_flavor_series(self) -> list[str]:
        series = self.cleaned_data["flavor_series"] or []
        if not (isinstance(series, list) and all(isinstance(name, str) for name in series)):
            raise ValidationError(_('Write a list of names, as in ["t6", "s6"].'))
        return series


@admin.register(OsVersion)
class OsVersionAdmin(ServiceAdmin):
    form = OsVersionForm
    added_by = (os_versions.create_os_version,)
    changed_by = dict.fromkeys(OsVersionForm.Meta.fields, os_versions.change_os_version)
    deleted_by = (os_versions.delete_os_version,)
    list_display = (
        "name", "os_type", "platform", "bits", "boots_bios", "boots_uefi", "on_x86", "on_arm", "for_bms",
        "images_count",
    )  # fmt: skip
    list_filter = ("os_type", "platform", "bits", "boots_uefi", "on_arm", "for_bms")
    search_fields = ("name", "platform", "version")
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "os_type", "platform", "version", "bits"),
                "description": _(
                    "What people choose when they say which system an image has. Changes hold for its images at once."
                ),
            },
        ),
        (
            _("Boots with"),
            {
                "fields": ("boots_bios", "boots_uefi"),
                "description": _("An image can only be given a boot mode that its system knows."),
            },
        ),
        (
            _("Runs on"),
            {
                "fields": ("on_x86", "on_arm", "for_ecs", "for_bms", "flavor_series"),
                "description": _(
                    "Flavors that do not fit are shown with the reason when a server is created."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[OsVersion]":
        images = Image.objects.exclude(status=Image.Status.DELETED)
        return super().get_queryset(request).annotate(images_n=count_of(images, "os_version"))

    @admin.display(description=_("images"), ordering="images_n")
    def images_count(self, os_version: Any) -> int:
        return int(os_version.images_n)

    def links_of(self, obj: OsVersion) -> list[tuple[str, str]]:
        return [(gettext("Images"), f"{reverse('admin:images_image_changelist')}?os_version={obj.pk}")]

    def save_model(self, request: HttpRequest, obj: OsVersion, form: Any, change: bool) -> None:
        service = os_versions.change_os_version if change else os_versions.create_os_version
        service(os_version=obj, actor=operator_of(request))

    def delete_model(self, request: HttpRequest, obj: OsVersion) -> None:
        os_versions.delete_os_version(os_version=obj, actor=operator_of(request))


class ImageDiskInline(OfStoredInline):
    model = ImageDisk
    fields = (
        "index", "role", "format", "size", "key", "checksum", "source_format", "source_checksum", "stored", "verified",
        "damaged",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("size"))
    def size(self, disk: ImageDisk) -> str:
        return f"{size(disk.size_bytes)} / {size(disk.virtual_size_bytes)}"


class ImageTagInline(ReadOnlyInline):
    model = ImageTag
    fields = readonly_fields = ("key", "value")


class DamagedImages(admin.SimpleListFilter):
    """Images whose stored bytes are not what they were, or not there."""

    title = _("stored bytes")
    parameter_name = "bytes"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("damaged", _("Damaged or gone"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "damaged":
            return queryset
        damaged = ImageDisk.objects.filter(stored__damaged_at__isnull=False).values("image")
        return queryset.filter(pk__in=damaged).exclude(status=Image.Status.DELETED)


@admin.register(Image)
class ImageAdmin(PublicImageActions):
    """To look at. What becomes of public images is said by actions; private ones are their owners'."""

    list_display = (
        "name", "category", "project", "region", "status", "os_version", "stored", "servers_count", "offer", "created_at",
    )  # fmt: skip
    list_filter = (
        "category",
        "status",
        DamagedImages,
        "type",
        "region",
        "architecture",
        "boot_mode",
        "hidden",
        "released",
        "protected",
        "deprecated_on",
    )
    search_fields = ("name", "id")  # of which there are indexes
    search_help_text = _("By name or ID. The pages of projects and OS versions lead to their images.")
    list_select_related = ("project", "region", "os_version", "key")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (ImageDiskInline, ImageTagInline)
    fieldsets = (
        (None, {"fields": ("name", "id", "description", "category", "project", "region")}),
        (
            _("State"),
            {
                "fields": ("status", "error_sentence", "created_by", "created_at", "active_at", "trashed_at", "trashed_by", "kept_until", "deleted_at"),
                "description": _("States change by services and jobs only."),
            },
        ),
        (
            _("Offer"),
            {
                "fields": ("hidden", "released", "protected", "deprecated_on", "successor"),
                "description": _(
                    "Public images are hidden, released, protected and deprecated by the actions of their list; servers "
                    "that have one go on. A released one may be copied and downloaded by every project: look at its "
                    "licence first. Of private images their owners decide."
                ),
            },
        ),
        (
            _("System"),
            {
                "fields": (
                    "type", "use", "os_version", "architecture", "boot_mode", "min_disk_gb", "min_ram_mb",
                    "max_ram_mb", "nic_multi_queue", "secure_boot", "tpm", "default_flavor", "has_user_data",
                    "cloud_init", "key",
                )
            },
        ),
        (_("Origin"), {"fields": ("source_kind", "source_name", "source_id", "parent")}),
    )  # fmt: skip

    actions = (*PublicImageActions.actions, "verify")

    @admin.action(description=_("Verify the stored bytes"), permissions=["operate"])
    def verify(self, request: HttpRequest, queryset: "QuerySet[Image]") -> None:
        self._each(request, queryset, verify_image)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Image]":
        servers = Server.objects.existing()
        return super().get_queryset(request).annotate(servers_n=count_of(servers, "image"))

    @admin.display(description=_("stored"), ordering="size_bytes")
    def stored(self, image: Image) -> str:
        return size(image.size_bytes or None)

    @admin.display(description=_("servers"), ordering="servers_n")
    def servers_count(self, image: Any) -> int:
        return int(image.servers_n)

    @admin.display(description=_("Offer"))
    def offer(self, image: Any) -> str:
        """How it differs from what everybody can take."""
        flags = {
            _("hidden"): image.hidden,
            _("released"): image.released,
            _("protected"): image.protected,
            _("Deprecated"): image.deprecated_on,
        }
        return ", ".join(str(word) for word, is_set in flags.items() if is_set) or "–"

    @admin.display(description=_("default user data"), boolean=True)
    def has_user_data(self, image: Image) -> bool:
        """Its text is its owner's."""
        return bool(image.default_user_data)

    @admin.display(description=_("reason"))
    def error_sentence(self, image: Image) -> str:
        return image.error_sentence

    def links_of(self, obj: Image) -> list[tuple[str, str]]:
        return [
            (gettext("Servers"), f"{reverse('admin:cloud_server_changelist')}?image={obj.pk}&exists=yes"),
            (gettext("Jobs"), f"{reverse('admin:jobs_job_changelist')}?subject_id={obj.pk}"),
            (gettext("Usage"), f"{reverse('admin:cloud_usage_changelist')}?image={obj.pk}"),
            (gettext("What happened to it"), trail_of("image", obj.pk)),
        ]


@admin.register(Download)
class DownloadAdmin(ServiceAdmin):
    """Images that were prepared in another format. They expire by themselves; the clock removes them."""

    list_display = (
        "name",
        "project",
        "image",
        "format",
        "state",
        "stored",
        "created_by",
        "created_at",
        "expires_at",
    )
    list_filter = ("state", "format", "project__region")
    search_fields = ("name", "id", "image__name", "project__name")
    list_select_related = ("project", "image", "created_by")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "image", "created_by", "created_at", "expires_at")}),
        (
            _("State"),
            {
                "fields": ("state", "format", "stored", "sha256", "error_sentence"),
                "description": _(
                    "The file is kept until it expires. Only people of its project can download it."
                ),
            },
        ),
    )

    @admin.display(description=_("stored"), ordering="size_bytes")
    def stored(self, download: Download) -> str:
        return size(download.size_bytes or None)

    @admin.display(description=_("reason"))
    def error_sentence(self, download: Download) -> str:
        return download.error_sentence

    def links_of(self, obj: Download) -> list[tuple[str, str]]:
        return [
            (gettext("Jobs"), f"{reverse('admin:jobs_job_changelist')}?subject_id={obj.pk}"),
            (gettext("What happened to it"), trail_of("download", obj.pk)),
        ]


@admin.register(Upload)
class UploadAdmin(ServiceAdmin):
    """Files on their way in. They expire by themselves; the clock removes them."""

    list_display = ("name", "project", "user", "state", "received", "created_at", "expires_at")
    list_filter = ("state", "project__region")
    search_fields = ("name", "id", "user__username", "project__name")
    list_select_related = ("project", "user")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "user", "created_at", "expires_at")}),
        (
            _("State"),
            {
                "fields": ("state", "received", "error_sentence", "is_resumable"),
                "description": _(
                    "An upload that was not used expires by itself; the clock removes its file."
                ),
            },
        ),
        (_("What was said and found"), {"fields": ("claimed_format", "claimed_sha256", "found")}),
    )

    @admin.display(description=_("received"), ordering="received_bytes")
    def received(self, upload: Upload) -> str:
        return f"{size(upload.received_bytes)} / {size(upload.size_bytes)}"

    @admin.display(description=_("reason"))
    def error_sentence(self, upload: Upload) -> str:
        return upload.error_sentence

    def links_of(self, obj: Upload) -> list[tuple[str, str]]:
        return [(gettext("What happened to it"), trail_of("upload", obj.pk))]
