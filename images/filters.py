"""What a tab of the catalogue holds, and the filters of its list and its CSV."""

import re
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from images.models import Image, ImageQuerySet, OsVersion
from imsconsole.accounts.actor import Actor

TABS = {
    "public": _("Public images"),
    "private": _("Private images"),
    "shared": _("Shared images"),
    "market": _("Market images"),
}
PART_OF_ID = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)
STATUSES = [choice for choice in Image.Status.choices if choice[0] != Image.Status.DELETED]


def for_tab(tab: str, actor: Actor) -> ImageQuerySet:
    """The images of a tab that the actor may see, with their facts (R2, R3, R22)."""
    images = Image.objects.visible_to(actor).with_facts(actor)
    if tab == "public":
        return images.filter(category=Image.Category.PUBLIC, hidden=False)
    if tab == "private":
        return images.filter(project=actor.project)
    return images.none()


def _platforms() -> list[tuple[str, str]]:
    names = OsVersion.objects.order_by("platform").values_list("platform", flat=True).distinct()
    return [(name, name) for name in names]


class ImageFilter(filters.FilterSet):
    """Filters of `for_tab`; a value that does not exist is ignored."""

    q = filters.CharFilter(
        label=_("Name or ID"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or ID")}),
    )
    status = filters.ChoiceFilter(label=_("Status"), choices=STATUSES, empty_label=_("All"))
    os = filters.ChoiceFilter(
        label=_("OS type"), field_name="os_version__os_type", choices=OsVersion.Type, empty_label=_("All")
    )
    platform = filters.ChoiceFilter(
        label=_("OS"), field_name="os_version__platform", choices=_platforms, empty_label=_("All")
    )
    type = filters.ChoiceFilter(label=_("Image type"), choices=Image.Type, empty_label=_("All"))

    class Meta:
        model = Image
        fields = ("q", "status", "os", "platform", "type")

    def search(self, queryset: QuerySet[Image], _field: str, text: str) -> QuerySet[Image]:
        """Part of a name, or at least four characters of an ID."""
        found = Q(name__icontains=text)
        if PART_OF_ID.fullmatch(text):
            found |= Q(pk__icontains=text)
        return queryset.filter(found)

    @property
    def is_narrowing(self) -> bool:
        """Whether any filter is set."""
        values: dict[str, Any] = self.form.cleaned_data if self.form.is_valid() else dict(self.data)
        return any(values.get(name) for name in self.filters)
