"""The trail for the operator: to look at and to search, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from imsconsole.audit.models import Event


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    list_display = (
        "at",
        "user_name",
        "action",
        "resource_type",
        "resource_name",
        "result",
        "account",
        "address",
    )
    list_filter = ("result", "action", "resource_type", "account", "at")
    list_select_related = ("account",)
    search_fields = ("user_name", "action", "resource_id", "resource_name", "code")
    date_hierarchy = "at"
    show_full_result_count = False  # the trail grows for ever

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
