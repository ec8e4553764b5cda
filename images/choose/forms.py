"""The questions of the guide to an image (table 2 of the product's overview). All answers are in the URL."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from images.os.names import os_names
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.models import Flavor
from imsconsole.core.filters import ActiveFilter

SOFTWARE_LENGTH = 64
NARROWING = ("platform", "software")


class Need(TextChoices):
    """What the server is for; each need is met by one kind of image (R23)."""

    CLEAN = "public", _("A clean operating system")
    SAME = "private", _("The same as one of my servers")
    OTHERS = "shared", _("What somebody else has made")
    SOFTWARE = "market", _("A whole software environment")


class ChooseForm(forms.Form):
    """`cleaned_data` after `is_valid()` holds every answer that can be used; others count as not given."""

    need = forms.ChoiceField(
        label=_("What do you need?"), choices=Need.choices, required=False, widget=forms.RadioSelect
    )
    zone = forms.ModelChoiceField(
        AvailabilityZone.objects.none(), label=_("AZ"), required=False, empty_label=_("Any")
    )
    platform = forms.ChoiceField(label=_("OS"), required=False)
    flavor = forms.ModelChoiceField(
        Flavor.objects.none(), label=_("Flavor"), required=False, empty_label=_("Not decided yet")
    )
    software = forms.CharField(
        label=_("Built-in software"),
        required=False,
        max_length=SOFTWARE_LENGTH,
        widget=forms.TextInput(attrs={"type": "search"}),
        help_text=_("Words from the name, version, software, description or tags."),
    )

    def __init__(self, data: Any, *, actor: Actor) -> None:
        super().__init__(data)
        self._rows("zone", actor.region.zones.all())
        self._rows("flavor", Flavor.objects.filter(hidden=False))
        self.fields["platform"].choices = [("", _("Any")), *((name, name) for name, _versions in os_names())]  # type: ignore[attr-defined]

    def _rows(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def answers(self) -> dict[str, Any]:
        """What was answered; the need is *clean* until another is named."""
        self.is_valid()
        return {**self.cleaned_data, "need": self.cleaned_data.get("need") or Need.CLEAN.value}

    def narrowing(self) -> list[ActiveFilter]:
        """The answers that leave images out, each with the query of the others."""
        answered = {name: value for name, value in self.answers().items() if name in NARROWING and value}
        return [
            ActiveFilter(str(self.fields[name].label), value, self._without(name))
            for name, value in answered.items()
        ]

    def _without(self, name: str) -> str:
        return urlencode({key: value for key, value in self.data.items() if value and key != name})
