"""The filters of the inbox, and the vault of a full-ECS image."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Vault
from imsconsole.core.filters import ListFilter
from imsconsole.core.forms import RuledChoiceField
from sharing.inbox.rules import fits_vault, vaults_for
from sharing.models import Share, ShareQuerySet


class ReceivingVaultForm(forms.Form):
    """The vault a full-ECS image is received with (R55)."""

    vault = RuledChoiceField(
        Vault.objects.none(),
        label=_("Vault"),
        help_text=_(
            "Vaults of this project with room for all disks of the image. The chosen one holds it until you reject the "
            "image or sharing ends."
        ),
    )

    def __init__(self, *args: Any, share: Share, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vault"].offer(  # type: ignore[attr-defined]
            Vault.objects.visible_to(actor).existing(),
            lambda vault: fits_vault(share, vault, actor),
            vaults_for(share, actor),
        )


class InboxFilter(ListFilter):
    """Filters of what is shared with a project."""

    primary = ("q",)

    q = filters.CharFilter(
        label=_("Image or project"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Image or project")}),
    )

    class Meta:
        model = Share
        fields = ("q",)

    def search(self, queryset: ShareQuerySet, _field: str, text: str) -> ShareQuerySet:
        """Part of the image's or the owner's name, or of an ID."""
        names = Q(image__name__icontains=text) | Q(owner__account__name__icontains=text)
        return queryset.filter(names | Q(image__id__icontains=text) | Q(owner__id__icontains=text))
