"""For operators: vaults, to look at. They change through the console's services."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, trail_of
from imsconsole.cloud.models import Vault
from imsconsole.core.text import size


@admin.register(Vault)
class VaultAdmin(ServiceAdmin):
    list_display = (
        "name",
        "project",
        "capacity_gb",
        "used",
        "backups_n",
        "created_by",
        "created_at",
        "deleted_at",
    )
    list_filter = ("protection", "project__region", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "id", "project__name")
    search_help_text = _("By name, ID or project.")
    list_select_related = ("project", "created_by")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "id", "project", "created_by", "created_at", "deleted_at")}),
        (_("Capacity"), {"fields": ("protection", "capacity_gb", "used", "backups_n", "received_n")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Vault]":
        return super().get_queryset(request).with_facts()  # type: ignore[attr-defined]

    @admin.display(description=_("used"), ordering="used_bytes")
    def used(self, vault: Vault) -> str:
        return size(vault.used_bytes)

    @admin.display(description=_("backups"), ordering="backups_count")
    def backups_n(self, vault: Vault) -> int:
        return vault.backups_count

    @admin.display(description=_("received images"))
    def received_n(self, vault: Vault) -> int:
        return vault.received_count

    def links_of(self, obj: Vault) -> list[tuple[str, str]]:
        return [
            (gettext("Backups"), f"{reverse('admin:cloud_backup_changelist')}?vault={obj.pk}"),
            (gettext("What happened to it"), trail_of("vault", obj.pk)),
        ]
