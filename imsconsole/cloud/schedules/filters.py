"""The filters of the list of schedules and of its CSV."""

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import BackupSchedule, BackupScheduleQuerySet
from imsconsole.core.filters import ListFilter


def schedules_of(actor: Actor) -> BackupScheduleQuerySet:
    """Every schedule of the project, with its facts."""
    schedules: BackupScheduleQuerySet = BackupSchedule.objects.visible_to(actor).with_facts()
    return schedules.select_related("vault", "created_by")


class ScheduleFilter(ListFilter):
    primary = ("q", "state")

    q = filters.CharFilter(
        label=_("Schedule name"),
        field_name="name",
        lookup_expr="icontains",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Schedule name")}),
    )
    state = filters.ChoiceFilter(label=_("Status"), choices=BackupSchedule.State, empty_label=_("All"))
    vault = filters.CharFilter(label=_("Vault"), field_name="vault__name", lookup_expr="iexact")

    class Meta:
        model = BackupSchedule
        fields = ("q",)
