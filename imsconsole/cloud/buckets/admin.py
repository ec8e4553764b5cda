"""For operators: buckets and what is in them, to look at. They change through the console's services."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, trail_of
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.text import size


@admin.register(Bucket)
class BucketAdmin(ServiceAdmin):
    list_display = ("name", "project", "storage_class", "objects_n", "used", "created_by", "created_at")
    list_filter = ("storage_class",)
    search_fields = ("name", "id", "project__name")
    search_help_text = _("By name, ID or project.")
    list_select_related = ("project", "created_by")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "created_by", "created_at")}),
        (_("Storage"), {"fields": ("storage_class", "objects_n", "used")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Bucket]":
        return super().get_queryset(request).with_facts()  # type: ignore[attr-defined]

    @admin.display(description=_("objects"), ordering="objects_count")
    def objects_n(self, bucket: Bucket) -> int:
        return bucket.objects_count

    @admin.display(description=_("used"), ordering="stored_bytes")
    def used(self, bucket: Bucket) -> str:
        return size(bucket.stored_bytes)

    def links_of(self, obj: Bucket) -> list[tuple[str, str]]:
        return [
            (gettext("Objects"), f"{reverse('admin:cloud_bucketobject_changelist')}?bucket={obj.pk}"),
            (gettext("What happened to it"), trail_of("bucket", obj.pk)),
        ]


@admin.register(BucketObject)
class BucketObjectAdmin(ServiceAdmin):
    list_display = ("key", "bucket", "state", "size", "created_by", "created_at")
    list_filter = ("state",)
    search_fields = ("key", "id", "bucket__name")
    search_help_text = _("By name, ID or bucket.")
    list_select_related = ("bucket", "created_by")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("key", "id", "bucket", "created_by", "created_at")}),
        (_("Content"), {"fields": ("state", "size", "sha256", "content_type")}),
    )

    @admin.display(description=_("size"), ordering="size_bytes")
    def size(self, bucket_object: BucketObject) -> str:
        return size(bucket_object.size_bytes)

    def links_of(self, obj: BucketObject) -> list[tuple[str, str]]:
        return [(gettext("What happened to it"), trail_of("bucketobject", obj.pk))]
