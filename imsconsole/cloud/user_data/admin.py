"""For operators: saved user data, to look at. The texts are their owners'; they are not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, trail_of
from imsconsole.cloud.models import UserData


@admin.register(UserData)
class UserDataAdmin(ServiceAdmin):
    list_display = ("name", "project", "characters", "created_by", "updated_at", "created_at")
    search_fields = ("name", "id", "project__name")
    search_help_text = _("By name, ID or project.")
    list_filter = ("project__region",)
    list_select_related = ("project", "created_by")
    date_hierarchy = "created_at"
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "id", "project", "characters", "created_by", "created_at", "updated_at"),
                "description": _("The text may hold passwords: it is its owner's, and is not shown."),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[UserData]":
        return super().get_queryset(request).listed()  # type: ignore[attr-defined]

    @admin.display(description=_("Characters"))
    def characters(self, user_data: Any) -> int:
        return int(user_data.characters)

    def links_of(self, obj: UserData) -> list[tuple[str, str]]:
        return [(gettext("What happened to it"), trail_of("userdata", obj.pk))]
