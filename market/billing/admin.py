"""For operators: the ledger, to look at. It is written by the clock alone."""

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin
from market.models import Charge


@admin.register(Charge)
class ChargeAdmin(ServiceAdmin):
    list_display = ("hour", "project", "server", "image", "price", "seconds", "unit_seconds", "amount")
    list_filter = ("price__of", "project__account")
    search_fields = ("server__name", "server__id", "project__name", "price__listing__id")
    search_help_text = _("By server, project or product code.")
    list_select_related = ("project", "server", "image", "price")
    date_hierarchy = "hour"
    show_full_result_count = False
    ordering = ("-hour", "-pk")
    fieldsets = (
        (
            None,
            {
                "fields": ("project", "server", "image", "price"),
                "description": _(
                    "One line for each server, price and hour (UTC), derived from usage. Only ever added."
                ),
            },
        ),
        (_("Amount"), {"fields": ("hour", "seconds", "unit_seconds", "amount")}),
    )

    def links_of(self, obj: Charge) -> list[tuple[str, str]]:
        return [
            (gettext("Usage"), f"{reverse('admin:cloud_usage_changelist')}?server={obj.server_id}"),
            (gettext("Price"), reverse("admin:market_price_change", args=[obj.price_id])),
        ]
