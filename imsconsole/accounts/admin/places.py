"""Regions and availability zones."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import AvailabilityZone, Project, Region
from imsconsole.accounts.service_admin import ServiceAdmin, count_of, operator_of
from imsconsole.accounts.services import places


@admin.register(Region)
class RegionAdmin(ServiceAdmin):
    added_by = (places.create_region,)
    changed_by = {"name": places.change_region, "name_zh": places.change_region}
    deleted_by = (places.delete_region,)
    list_display = ("code", "name", "name_zh", "engine", "zones_count", "projects_count")
    search_fields = ("code", "name", "name_zh")
    fieldsets = (
        (
            None,
            {
                "fields": ("code", "engine"),
                "description": _(
                    "The code names the region's folder in the store, so it cannot be changed later."
                ),
            },
        ),
        (_("Names"), {"fields": ("name", "name_zh")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Region]":
        counts = {
            "zones_n": count_of(AvailabilityZone.objects.all(), "region"),
            "projects_n": count_of(Project.objects.all(), "region"),
        }
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description=_("availability zones"), ordering="zones_n")
    def zones_count(self, region: Any) -> int:
        return int(region.zones_n)

    @admin.display(description=_("projects"), ordering="projects_n")
    def projects_count(self, region: Any) -> int:
        return int(region.projects_n)

    def links_of(self, obj: Region) -> list[tuple[str, str]]:
        return [
            (
                gettext("Availability zones"),
                f"{reverse('admin:accounts_availabilityzone_changelist')}?region={obj.pk}",
            ),
            (gettext("Projects"), f"{reverse('admin:accounts_project_changelist')}?region={obj.pk}"),
        ]

    def save_model(self, request: HttpRequest, obj: Region, form: Any, change: bool) -> None:
        (places.change_region if change else places.create_region)(region=obj, actor=operator_of(request))

    def delete_model(self, request: HttpRequest, obj: Region) -> None:
        places.delete_region(region=obj, actor=operator_of(request))


@admin.register(AvailabilityZone)
class AvailabilityZoneAdmin(ServiceAdmin):
    added_by = (places.create_zone,)
    changed_by = {"name": places.change_zone}
    deleted_by = (places.delete_zone,)
    list_display = ("code", "name", "region")
    list_filter = ("region",)
    list_select_related = ("region",)
    search_fields = ("code", "name")
    fieldsets = (
        (
            None,
            {
                "fields": ("region", "code", "name"),
                "description": _(
                    "Servers and disks stay in their zone; the region and code of a zone stay too."
                ),
            },
        ),
    )

    def save_model(self, request: HttpRequest, obj: AvailabilityZone, form: Any, change: bool) -> None:
        (places.change_zone if change else places.create_zone)(zone=obj, actor=operator_of(request))

    def delete_model(self, request: HttpRequest, obj: AvailabilityZone) -> None:
        places.delete_zone(zone=obj, actor=operator_of(request))
