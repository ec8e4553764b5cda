"""Who must wait before they may try to sign in again, and from where."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import SlowedSignIn
from imsconsole.accounts.service_admin import ServiceAdmin, operator_of
from imsconsole.accounts.services.users import forget_failed_sign_ins
from imsconsole.accounts.sign_in import wait_of, waiting


class Waiting(admin.SimpleListFilter):
    """Whether one must wait now."""

    title = _("sign-in")
    parameter_name = "sign_in"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("waits", _("Must wait now"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(pk__in=[row.pk for row in waiting()]) if self.value() else queryset


@admin.register(SlowedSignIn)
class SlowedSignInAdmin(ServiceAdmin):
    """Deleting a row lets its person or address try again at once."""

    deleted_by = (forget_failed_sign_ins,)
    list_display = ("who", "where", "kind", "failures", "last_at", "waits")
    list_filter = (Waiting, "kind")
    search_fields = ("name", "source")
    fieldsets = (
        (
            None,
            {
                "fields": ("who", "where", "kind", "failures", "last_at", "waits"),
                "description": _(
                    "Who fails to sign in waits, ever longer. Delete this, and they may try again at once; others are not concerned."
                ),
            },
        ),
    )

    @admin.display(description=_("user name"), ordering="name")
    def who(self, row: SlowedSignIn) -> str:
        return row.name or gettext("anybody")

    @admin.display(description=_("from"), ordering="source")
    def where(self, row: SlowedSignIn) -> str:
        browser = row.source.removeprefix("browser ")
        if browser != row.source:
            return gettext("a browser known to be theirs (%(browser)s)") % {"browser": browser}
        return row.source or gettext("anywhere")

    @admin.display(description=_("must wait until"), ordering="until")
    def waits(self, row: SlowedSignIn) -> Any:
        return row.until if wait_of(row) else None

    def delete_model(self, request: HttpRequest, obj: SlowedSignIn) -> None:
        forget_failed_sign_ins(slowed=obj, actor=operator_of(request))
