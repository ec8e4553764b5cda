"""The form of a file on its way in."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.uploads.rules import TYPES, waiting_uploads
from imsconsole.accounts.actor import Actor

FORMATS = [
    ("", _("Recognise it")),
    *((name, name) for name in ("raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "iso")),
]


class SourceForm(forms.Form):
    """Which file. The file itself never gets here: it streams to the receiver."""

    type = forms.ChoiceField(
        choices=[(each.value, each.label) for each in TYPES]
    )  # chosen before, by its address
    format = forms.ChoiceField(
        label=_("File format"),
        choices=FORMATS,
        required=False,
        help_text=_(
            "Name it when the file is a raw disk without a partition table; otherwise it is recognised."
        ),
    )
    sha256 = forms.CharField(
        label="SHA-256",
        required=False,
        validators=[
            RegexValidator(r"^[0-9a-fA-F]{64}\Z", _("A SHA-256 has 64 digits from 0 to 9 and a to f."))
        ],
        help_text=_("Optional. The file is refused when its checksum differs."),
        widget=forms.TextInput(
            attrs={"class": "mono", "maxlength": "80", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    upload = forms.ModelChoiceField(
        queryset=Upload.objects.none(), required=False, empty_label=None, widget=forms.RadioSelect
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        uploads = waiting_uploads(actor).filter(state=Upload.State.COMPLETE)
        self.fields["upload"].queryset = uploads  # type: ignore[attr-defined]

    def clean_sha256(self) -> str:
        return str(self.cleaned_data["sha256"]).lower()
