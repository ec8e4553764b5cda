"""The filters of the list of disks and of its CSV."""

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.keys.filters import EncryptionFilter
from imsconsole.cloud.models import Disk
from imsconsole.cloud.models.disks import DiskQuerySet
from imsconsole.cloud.models.origins import with_lost_images
from imsconsole.cloud.tags.filters import TagFilter
from imsconsole.core.filters import ListFilter, WordFilter

STATUSES = [choice for choice in Disk.Status.choices if choice[0] != Disk.Status.DELETED]
MOST_GB = 1_000_000


def disks_of(actor: Actor) -> DiskQuerySet:
    """Every disk of the project that exists: system disks, data disks, and those kept after a change of OS."""
    disks: DiskQuerySet = Disk.objects.visible_to(actor).existing()
    return with_lost_images(disks.select_related("server", "zone", "image", "key"))


class DiskFilter(ListFilter):
    """Filters of `disks_of`; a value that does not exist is ignored."""

    primary = ("q", "status", "role")

    q = WordFilter(_("Name, ID or server"), lambda word: Q(server__name__icontains=word))
    status = filters.ChoiceFilter(label=_("Status"), choices=STATUSES, empty_label=_("All"))
    role = filters.ChoiceFilter(label=pgettext_lazy("disk", "Role"), choices=Disk.Role, empty_label=_("All"))
    encryption = EncryptionFilter()
    zone = filters.CharFilter(label=_("AZ"), field_name="zone__name", lookup_expr="iexact")
    size_min = filters.NumberFilter(
        label=_("Size from (GB)"), field_name="size_gb", lookup_expr="gte", min_value=0, max_value=MOST_GB
    )
    size_max = filters.NumberFilter(
        label=_("Size to (GB)"), field_name="size_gb", lookup_expr="lte", min_value=0, max_value=MOST_GB
    )
    tag = TagFilter()

    class Meta:
        model = Disk
        fields = ("q",)
