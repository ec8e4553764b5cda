"""The filters of the list of vaults and of its CSV."""

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Vault, VaultQuerySet
from imsconsole.core.filters import ListFilter
from imsconsole.core.matching import matching


def vaults_of(actor: Actor) -> VaultQuerySet:
    """Every vault of the project that exists, with its facts."""
    vaults: VaultQuerySet = Vault.objects.visible_to(actor).existing().with_facts()
    return vaults.select_related("created_by")


class VaultFilter(ListFilter):
    primary = ("q",)

    q = filters.CharFilter(
        label=_("Name or ID"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or ID")}),
    )

    class Meta:
        model = Vault
        fields = ("q",)

    def search(self, queryset: QuerySet[Vault], _field: str, text: str) -> QuerySet[Vault]:
        return queryset.filter(matching(text))
