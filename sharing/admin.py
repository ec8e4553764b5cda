"""For operators: who shares what with whom. Shares are changed by their owners and receivers."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, trail_of
from sharing.models import Recipient, Share


class Living(admin.SimpleListFilter):
    """Whether it has ended."""

    title = _("ended")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("no", _("Shared now")), ("yes", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() in ("no", "yes"):
            return queryset.filter(ended_at__isnull=self.value() == "no")
        return queryset


@admin.register(Share)
class ShareAdmin(ServiceAdmin):
    list_display = ("image", "owner", "project", "status", "servers", "created_at", "ends_at", "ended_at")
    list_filter = (Living, "status", "owner__region")
    search_fields = ("image__name", "image__id", "owner__name", "owner__id", "project__name", "project__id")
    search_help_text = _("By image, owner or recipient.")
    list_select_related = ("image", "owner", "project")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("image", "owner", "project", "id", "note")}),
        (_("State"), {"fields": ("status", "answered_by", "answered_at", "ends_at", "ended_at")}),
        (_("Origin"), {"fields": ("created_by", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Share]":
        return super().get_queryset(request).with_facts()  # type: ignore[attr-defined]

    @admin.display(description=_("servers made from it"))
    def servers(self, share: Any) -> int:
        return int(share.servers_count)

    def links_of(self, obj: Share) -> list[tuple[str, str]]:
        return [
            (gettext("Image"), reverse("admin:images_image_change", args=[obj.image_id])),
            (gettext("What happened to it"), trail_of("share", obj.pk)),
        ]


@admin.register(Recipient)
class RecipientAdmin(ServiceAdmin):
    """Address books, to look at."""

    list_display = ("owner", "project", "used_at")
    fieldsets = ((None, {"fields": ("owner", "project", "used_at")}),)
    search_fields = ("owner__name", "project__name")
    list_select_related = ("owner", "project")
    show_full_result_count = False
