"""For operators: what is stored, and how many have it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ReadOnlyInline, ServiceAdmin
from imsconsole.cloud.models import OfStored, StoredBytes
from imsconsole.core.text import size


class OfStoredInline(ReadOnlyInline):
    """Disks with what is known of their bytes."""

    @admin.display(description=_("verified"))
    def verified(self, disk: OfStored) -> datetime | None:
        return disk.verified_at

    @admin.display(description=_("found damaged"))
    def damaged(self, disk: OfStored) -> datetime | None:
        return disk.damaged_at


def _count(relation: str) -> Coalesce:
    """How many disks of a relation a row has: one by one, for those of a page."""
    rows = (
        StoredBytes.objects.filter(pk=OuterRef("pk"), **{f"{relation}__isnull": False})
        .order_by()
        .values("pk")
    )
    return Coalesce(Subquery(rows.annotate(n=Count(relation)).values("n")), 0)


@admin.register(StoredBytes)
class StoredBytesAdmin(ServiceAdmin):
    """What images and backups are made of, once however many have it. What nobody has is deleted by the clock."""

    list_display = ("ref", "region", "stored", "users", "created_at", "verified_at", "damaged_at")
    list_filter = (
        "region",
        ("damaged_at", admin.EmptyFieldListFilter),
        ("doomed_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("ref", "id")
    search_help_text = _("By place in the store or ID.")
    date_hierarchy = "created_at"
    list_select_related = ("region",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("id", "region", "ref", "format", "stored", "checksum", "created_at")}),
        (_("State"), {"fields": ("users", "verified_at", "damaged_at", "doomed_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).annotate(had=_count("imagedisks") + _count("backupdisks"))

    @admin.display(description=_("size"), ordering="size_bytes")
    def stored(self, stored: StoredBytes) -> str:
        return f"{size(stored.size_bytes)} / {size(stored.virtual_size_bytes)}"

    @admin.display(description=_("used by"))
    def users(self, stored: Any) -> int:
        return int(stored.had)
