"""Messages for the operator: who was told what, and whether the e-mail went out."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin
from imsconsole.notifications.models import Message


class ByMail(admin.SimpleListFilter):
    """How far the e-mail about it is."""

    title = _("e-mail")
    parameter_name = "mail"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("sent", _("Sent")), ("due", _("Not sent yet"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "sent":
            return queryset.filter(mailed_at__isnull=False)
        return queryset.filter(mail_due_at__isnull=False) if self.value() == "due" else queryset


@admin.register(Message)
class MessageAdmin(ServiceAdmin):
    list_display = ("created_at", "user", "level", "sentence", "mailed_at")
    list_filter = ("level", ByMail, "code")
    list_select_related = ("user",)
    search_fields = ("user__username", "code", "subject_id")
    search_help_text = _("By person, code, or ID of what it is about.")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (
            None,
            {
                "fields": ("sentence", "level", "code", "values", "created_at"),
                "description": _("What people were told. Sentences are made when they are read."),
            },
        ),
        (_("To whom"), {"fields": ("user", "project", "read_at")}),
        (
            _("E-mail"),
            {
                "fields": ("mail_due_at", "mailed_at"),
                "description": _(
                    "To people who switched it on and have an address, while a mail server is set. One that failed "
                    "is tried again every ten minutes for a day."
                ),
            },
        ),
    )

    @admin.display(description=_("message"))
    def sentence(self, message: Message) -> str:
        return message.sentence
