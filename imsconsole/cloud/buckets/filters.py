"""The filters of the list of buckets."""

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Bucket
from imsconsole.core.filters import ListFilter
from imsconsole.core.matching import matching


def buckets_of(actor: Actor) -> QuerySet[Bucket]:
    """Every bucket of the project, with its facts."""
    return Bucket.objects.visible_to(actor).with_facts().select_related("project", "created_by")


class BucketFilter(ListFilter):
    primary = ("q", "storage_class")

    q = filters.CharFilter(
        label=_("Name or ID"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or ID")}),
    )
    storage_class = filters.ChoiceFilter(
        label=_("Storage class"), choices=Bucket.StorageClass, empty_label=_("All")
    )

    class Meta:
        model = Bucket
        fields = ("q",)

    def search(self, queryset: QuerySet[Bucket], _field: str, text: str) -> QuerySet[Bucket]:
        return queryset.filter(matching(text))
