"""To whom?"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sharing.share.orders import fits_order, ids_of
from sharing.share.rules import MOST_IDS


class ShareForm(forms.Form):
    """The projects that get the images; cleaned, `projects` are the words that were typed,
    with what was picked of the address book (`recent`: IDs and what they are called).

    `keys` are the names of those that can be granted to them.
    """

    recent = forms.MultipleChoiceField(
        label=_("Recent recipients"), required=False, widget=forms.CheckboxSelectMultiple
    )
    projects = forms.CharField(
        label=_("Project IDs"),
        required=False,
        widget=forms.Textarea({"rows": 4, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )
    grants_key = forms.BooleanField(
        required=False,
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        help_text=_("What it is and what it is for: members of the projects read it with the offer."),
    )

    def __init__(
        self, *args: Any, images: int, keys: Sequence[str], recent: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.images, self.keys = images, keys
        self.fields["recent"].choices = recent  # type: ignore[attr-defined]
        if not recent:
            del self.fields["recent"]
        self.fields["projects"].help_text = _(
            "Up to %(most)s, with commas between them or one in a line. Members of a project find its ID on their page "
            "Project."
        ) % {"most": MOST_IDS}
        if not keys:
            del self.fields["grants_key"]
            return
        count, grant = len(keys), self.fields["grants_key"]
        grant.label = ngettext(
            "Grant these projects the key as well", "Grant these projects the keys as well", count
        )
        grant.help_text = ngettext(
            "They may then decrypt with %(keys)s. Without the key an encrypted image is of no use to them.",
            "They may then decrypt with %(keys)s. Without the keys an encrypted image is of no use to them.",
            count,
        ) % {"keys": ", ".join(keys)}

    def clean_projects(self) -> list[str]:
        typed = ids_of(self.cleaned_data["projects"], self.cleaned_data.pop("recent", ()))
        if not (verdict := fits_order(self.images, len(typed))):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return typed
