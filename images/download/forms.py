"""In which format an image is prepared."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.download.rules import PREPARED, can_choose, can_download_stored
from images.export.rules import Format
from images.models import Image
from imsconsole.accounts.actor import Actor


class FormatForm(forms.Form):
    """The formats, each with whether it can be had and what it takes."""

    format = forms.ChoiceField(
        label=_("File format"),
        choices=[(each.value, each.label) for each in PREPARED],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, image: Image, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [each for each in PREPARED if each != Format.QCOW2 or not can_download_stored(image, actor)]
        self.verdicts = {each: can_choose(image, each, actor) for each in offered}
        self.fields["format"].choices = [(each.value, each.label) for each in offered]  # type: ignore[attr-defined]

    @property
    def formats(self) -> list[dict[str, Any]]:
        chosen = self["format"].value() or next(
            (each for each, verdict in self.verdicts.items() if verdict), ""
        )
        return [
            {"value": each.value, "label": each.label, "verdict": verdict, "checked": each == chosen}
            for each, verdict in self.verdicts.items()
        ]

    def clean_format(self) -> str:
        format = self.cleaned_data["format"]
        if not (verdict := self.verdicts[Format(format)]):
            raise forms.ValidationError(str(verdict.reason))
        return str(format)
