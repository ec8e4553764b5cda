"""Regions and availability zones."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.clouds import cloud_names
from imsconsole.accounts.models import LEFT, OPENSTACK, AvailabilityZone, Project, Region, engine_choices
from imsconsole.accounts.service_admin import ServiceAdmin, count_of, operator_of
from imsconsole.accounts.services import places


class CloudInput(forms.TextInput):
    """Typed, with those of `clouds.yaml` to choose from."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": "clouds"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((each,) for each in cloud_names()))
        return format_html('{}<datalist id="clouds">{}</datalist>', field, options)


class RegionForm(forms.ModelForm[Region]):
    class Meta:
        model = Region
        fields = ("code", "engine", "cloud", "name", "name_zh")
        widgets = {"cloud": CloudInput}
        help_texts = {
            "cloud": _(
                "Of a region on OpenStack: the name of its cloud in clouds.yaml on the console's hosts. Users and passwords stay "
                "in that file."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "engine" in self.fields:  # none is added to be left
            self.fields["engine"].choices = [each for each in engine_choices() if each[0] != LEFT]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if "cloud" in typed and bool(typed["cloud"]) != (typed.get("engine") == OPENSTACK):
            said = (
                _("A region on OpenStack names its cloud.")
                if not typed["cloud"]
                else _("Only a region on OpenStack has a cloud.")
            )
            self.add_error("cloud", said)
        return typed


@admin.register(Region)
class RegionAdmin(ServiceAdmin):
    form = RegionForm
    added_by = (places.create_region,)
    changed_by = {"name": places.change_region, "name_zh": places.change_region}
    deleted_by = (places.delete_region,)
    list_display = ("code", "name", "name_zh", "engine", "cloud", "zones_count", "projects_count")
    search_fields = ("code", "name", "name_zh", "cloud")
    fieldsets = (
        (
            None,
            {
                "fields": ("code", "engine", "cloud"),
                "description": _(
                    "The code names the region's folder in the store, so it cannot be changed later, nor can what it runs on."
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
        cloud = [(gettext("Its cloud"), reverse("admin:region_cloud", args=[obj.pk]))] if obj.cloud else []
        return [
            *cloud,
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
