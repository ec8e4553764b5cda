"""What is typed about shares, and what narrows their lists."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Vault
from imsconsole.core.filters import ListFilter
from sharing.models import Share, ShareQuerySet
from sharing.orders import fits_order, ids_in
from sharing.rules import MOST_IDS, is_day_of_notice, vaults_for


class ShareForm(forms.Form):
    """The projects that get the images; cleaned, `projects` are the words that were typed."""

    projects = forms.CharField(
        label=_("Project IDs"),
        widget=forms.Textarea({"rows": 4, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )
    grants_key = forms.BooleanField(
        label=_("Grant these projects the key as well"),
        required=False,
        help_text=_(
            "They may then decrypt with it. Without the key an encrypted image is of no use to them."
        ),
    )

    def __init__(self, *args: Any, images: int, has_key: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.images = images
        self.fields["projects"].help_text = _(
            "Up to %(most)s, with commas between them or one in a line. Members of a project find its ID on their page "
            "Project."
        ) % {"most": MOST_IDS}
        if not has_key:
            del self.fields["grants_key"]

    def clean_projects(self) -> list[str]:
        typed = ids_in(self.cleaned_data["projects"])
        if not (verdict := fits_order(self.images, len(typed))):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return typed


class VaultForm(forms.Form):
    """The vault a full-ECS image is received with (R55)."""

    vault = forms.ModelChoiceField(
        Vault.objects.none(),
        label=_("Vault"),
        help_text=_("Vaults of this project with room for all disks of the image."),
    )

    def __init__(self, *args: Any, share: Share, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [vault.pk for vault in vaults_for(share, actor)]
        self.fields["vault"].queryset = Vault.objects.filter(pk__in=fitting)  # type: ignore[attr-defined]


class StopForm(forms.Form):
    """How a share ends: now, or on a day that is named to the receiver."""

    NOW, NOTICE = "now", "notice"

    how = forms.ChoiceField(
        label=_("When"),
        choices=[(NOTICE, _("Tell them, and stop on a day")), (NOW, _("Stop now"))],
        widget=forms.RadioSelect,
    )
    ends_at = forms.DateTimeField(
        label=_("Shared until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("In your time zone. Until then they go on using the image and may copy it."),
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("how") == self.NOTICE and "ends_at" in typed:
            if not typed["ends_at"]:
                self.add_error("ends_at", _("Choose the day on which sharing ends."))
            elif not (verdict := is_day_of_notice(typed["ends_at"])):
                self.add_error("ends_at", str(verdict.reason))
        return typed


class InboxFilter(ListFilter):
    """Filters of what is shared with a project."""

    calm = ("q",)

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
