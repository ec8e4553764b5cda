"""The trail for the operator: to look at and to search, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, trail_of
from imsconsole.audit.models import Event
from imsconsole.audit.words import action_title, kind_title


class ByOperators(admin.SimpleListFilter):
    """Who acted: people of the platform, members, or the service itself."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("operators", _("Operators")), ("members", _("Others")), ("service", _("The service itself"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "operators":
            return queryset.filter(user__is_staff=True)
        if self.value() == "members":
            return queryset.filter(user__is_staff=False)
        return queryset.filter(user_name="") if self.value() == "service" else queryset


@admin.register(Event)
class EventAdmin(ServiceAdmin):
    list_display = (
        "at", "person", "what", "name", "result", "sentence", "address",
    )  # fmt: skip
    list_filter = ("result", ByOperators, "action", "resource_type", "account")
    list_select_related = ("account",)
    search_fields = ("user_name", "action", "resource_id", "resource_name", "code", "address")
    search_help_text = _("By person, trace name, resource (ID or name), code of a refusal, or address.")
    date_hierarchy = "at"
    show_full_result_count = False  # the trail grows for ever
    fieldsets = (
        (
            None,
            {
                "fields": ("at", "what", "times", "action", "result", "code", "sentence"),
                "description": _(
                    "A row for every change and every refused attempt; refused ones that are alike, within a minute, are "
                    "one row that says how often. Rows are only ever added."
                ),
            },
        ),
        (_("Who and where"), {"fields": ("user", "user_name", "address", "account", "project")}),
        (_("What"), {"fields": ("resource_type", "resource_id", "resource_name")}),
    )

    @admin.display(description=_("action"), ordering="action")
    def what(self, event: Event) -> str:
        title = action_title(event.action, event.resource_type)
        return format_html("{}<br><strong>{}</strong>", title, event.repeated) if event.repeated else title

    @admin.display(description=_("operator"), ordering="user_name")
    def person(self, event: Event) -> str:
        """Who did it, below it of which account."""
        return format_html("{}<br><small>{}</small>", event.user_name, event.account or "")

    @admin.display(description=_("details"))
    def sentence(self, event: Event) -> str:
        return event.sentence

    @admin.display(description=_("resource name"), ordering="resource_name")
    def name(self, event: Event) -> str:
        """As it was given by somebody, in no language of ours; below it what it is."""
        kind = kind_title(event.resource_type)
        return format_html('<span translate="no">{}</span><br><small>{}</small>', event.resource_name, kind)

    def links_of(self, obj: Event) -> list[tuple[str, str]]:
        url = reverse("admin:audit_event_changelist")
        return [
            (gettext("All about this resource"), trail_of(obj.resource_type, obj.resource_id)),
            *([(gettext("All by this person"), f"{url}?user={obj.user_id}")] if obj.user_id else []),
        ]
