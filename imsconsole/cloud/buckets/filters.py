"""The filters of the list of buckets."""

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Bucket
from imsconsole.core.filters import ListFilter, WordFilter


def buckets_of(actor: Actor) -> QuerySet[Bucket]:
    """Every bucket of the project, with its facts."""
    return Bucket.objects.visible_to(actor).with_facts().select_related("project", "created_by")


class BucketFilter(ListFilter):
    primary = ("q", "storage_class")

    q = WordFilter()
    storage_class = filters.ChoiceFilter(
        label=_("Storage class"), choices=Bucket.StorageClass, empty_label=_("All")
    )

    class Meta:
        model = Bucket
        fields = ("q",)
