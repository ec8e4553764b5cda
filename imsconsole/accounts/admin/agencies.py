"""Agencies."""

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext

from imsconsole.accounts.models import Agency
from imsconsole.accounts.service_admin import ServiceAdmin


@admin.register(Agency)
class AgencyAdmin(ServiceAdmin):
    list_display = ("project", "grantee", "created_by", "created_at")
    search_fields = ("project__name", "grantee__name", "id")
    list_filter = ("project__region",)
    list_select_related = ("project", "grantee", "created_by")
    date_hierarchy = "created_at"
    fieldsets = ((None, {"fields": ("project", "grantee", "created_by", "created_at")}),)

    def links_of(self, obj: Agency) -> list[tuple[str, str]]:
        return [(gettext("Project"), reverse("admin:accounts_project_change", args=[obj.project_id]))]
