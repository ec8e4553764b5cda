"""The filters of the list of backups and of its CSV."""

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Backup, BackupQuerySet
from imsconsole.core.filters import ListFilter, WordFilter
from imsconsole.core.matching import of_id

STATUSES = [choice for choice in Backup.Status.choices if choice[0] != Backup.Status.DELETED]


def backups_of(actor: Actor) -> BackupQuerySet:
    """Every backup of the project that exists, with what it takes."""
    backups: BackupQuerySet = Backup.objects.visible_to(actor).existing().weighed()
    return backups.select_related("vault", "zone", "image", "schedule").prefetch_related("images", "disks")


class BackupFilter(ListFilter):
    """Filters of `backups_of`; a value that does not exist is ignored."""

    primary = ("q", "status", "kind")

    q = WordFilter(
        _("Name, ID or server"), lambda word: Q(server_name__icontains=word) | of_id(word, "server_id")
    )
    status = filters.ChoiceFilter(label=_("Status"), choices=STATUSES, empty_label=_("All"))
    kind = filters.ChoiceFilter(label=_("Kind"), choices=Backup.Kind, empty_label=_("All"))
    vault = filters.CharFilter(label=_("Vault"), field_name="vault__name", lookup_expr="iexact")
    schedule = filters.CharFilter(label=_("Schedule"), field_name="schedule__name", lookup_expr="iexact")
    zone = filters.CharFilter(label=_("AZ"), field_name="zone__name", lookup_expr="iexact")

    class Meta:
        model = Backup
        fields = ("q",)
