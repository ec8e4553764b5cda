"""What a tab of the catalogue holds, and the filters of its list and its CSV."""

import datetime
from typing import Any

import django_filters as filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _

from images.models import Image, ImageQuerySet, OsVersion
from images.os.names import os_names
from images.selection.tabs import KINDS, of_kind
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.keys.filters import EncryptionFilter
from imsconsole.cloud.models import Architecture, BootMode
from imsconsole.cloud.tags.filters import TagFilter
from imsconsole.core.filters import ListFilter
from imsconsole.core.matching import matching
from imsconsole.engine.types import GIB

TABS = {**KINDS, "trash": _("Trash")}
GONE = (Image.Status.DELETED, Image.Status.TRASHED)
STATUSES = [choice for choice in Image.Status.choices if choice[0] not in GONE]
MOST_GB = 1_000_000
DAYS = [MinValueValidator(datetime.date(1971, 1, 1)), MaxValueValidator(datetime.date(2999, 12, 31))]


def for_tab(tab: str, actor: Actor) -> ImageQuerySet:
    """The images of a tab that the actor may see (R2, R3, R14, R22)."""
    if tab == "trash":
        return Image.objects.in_trash(actor).select_related("backup")
    return of_kind(tab, actor)


def tab_of(query: QueryDict) -> str:
    """The tab that a query names; the first when it names none."""
    tab = query.get("tab", "")
    return tab if tab in TABS else next(iter(TABS))


def _platforms() -> list[tuple[str, str]]:
    return [(platform, platform) for platform, _names in os_names()]


def _versions() -> list[tuple[str, list[tuple[str, str]]]]:
    return [(platform, [(name, name) for name in names]) for platform, names in os_names()]


def _choice(label: Any, field_name: str, choices: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(label=label, field_name=field_name, choices=choices, empty_label=_("All"))


def _amount(label: Any, **kwargs: Any) -> filters.NumberFilter:
    return filters.NumberFilter(label=label, min_value=0, max_value=MOST_GB, **kwargs)


def _day(label: Any, method: str) -> filters.DateFilter:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return filters.DateFilter(label=label, method=method, validators=DAYS, widget=widget)


class ImageFilter(ListFilter):
    """What the list of a query's tab (`for_tab`) shows to `actor` (§2.29); a value that does not exist is ignored.

    It asks for the facts that it filters by, and for no others.
    """

    primary = ("q", "status", "os", "type")

    q = filters.CharFilter(
        label=_("Name or ID"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or ID")}),
    )
    status = filters.ChoiceFilter(
        label=_("Status"), method="in_status", choices=STATUSES, empty_label=_("All")
    )
    os = _choice(_("OS type"), "os_version__os_type", OsVersion.Type)
    type = _choice(_("Image type"), "type", Image.Type)
    platform = _choice(_("OS"), "os_version__platform", _platforms)
    version = _choice(_("OS version"), "os_version__name", _versions)
    architecture = _choice(_("Architecture"), "architecture", Architecture)
    boot = _choice(_("Boot mode"), "boot_mode", BootMode)
    source = _choice(_("Source"), "source_kind", Image.Source)
    encryption = EncryptionFilter(method="with_encryption")
    disk_min = _amount(_("Disk from (GB)"), field_name="min_disk_gb", lookup_expr="gte")
    disk_max = _amount(_("Disk to (GB)"), field_name="min_disk_gb", lookup_expr="lte")
    size_min = _amount(_("Image size from (GiB)"), method="at_least")
    size_max = _amount(_("Image size to (GiB)"), method="at_most")
    since = _day(_("Created from"), "created_since")
    until = _day(_("Created until"), "created_until")
    tag = TagFilter()

    class Meta:
        model = Image
        fields = ("q",)

    def search(self, queryset: QuerySet[Image], _field: str, text: str) -> QuerySet[Image]:
        return queryset.filter(matching(text))

    def in_status(self, queryset: QuerySet[Image], _field: str, status: str) -> QuerySet[Image]:
        """What is in the trash has the status it comes back with."""
        name = "status_before" if tab_of(self.query) == "trash" else "status"
        return queryset.filter(**{name: status})

    def at_least(self, queryset: QuerySet[Image], _field: str, gib: Any) -> QuerySet[Image]:
        """Of those that have bytes, as `at_most`."""
        return queryset.filter(size_bytes__gte=max(1, int(gib * GIB)))

    def at_most(self, queryset: QuerySet[Image], _field: str, gib: Any) -> QuerySet[Image]:
        return queryset.filter(size_bytes__range=(1, int(gib * GIB)))

    def with_encryption(self, queryset: ImageQuerySet, _field: str, answer: str) -> ImageQuerySet:
        """Of a full-ECS image any disk counts."""
        return queryset.with_facts(self.actor, "is_encrypted").filter(Q(is_encrypted=answer == "yes"))

    def created_since(self, queryset: QuerySet[Image], _field: str, day: datetime.date) -> QuerySet[Image]:
        """From the beginning of a day of the reader's time zone."""
        return queryset.filter(created_at__gte=_instant(day, datetime.time.min))

    def created_until(self, queryset: QuerySet[Image], _field: str, day: datetime.date) -> QuerySet[Image]:
        return queryset.filter(created_at__lte=_instant(day, datetime.time.max))


def _instant(day: datetime.date, time: datetime.time) -> datetime.datetime:
    return datetime.datetime.combine(day, time, tzinfo=get_current_timezone())
