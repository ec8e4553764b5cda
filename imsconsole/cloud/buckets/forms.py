"""What is typed on the pages of buckets."""

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.buckets.names import bucket_name, object_key
from imsconsole.cloud.models import Bucket

LASTS = {
    "1": _("1 hour"),
    "24": _("1 day"),
    "168": _("7 days"),
}


class BucketForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=63,
        validators=[bucket_name],
        help_text=_(
            "3 to 63 lower-case letters, digits, hyphens and full stops; the only one on the platform."
        ),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    storage_class = forms.ChoiceField(
        label=_("Storage class"),
        choices=Bucket.StorageClass,
        initial=Bucket.StorageClass.STANDARD,
        help_text=_(
            "Images are imported from and exported to Standard buckets only. It cannot be changed later."
        ),
    )


class UploadForm(forms.Form):
    """Where a file goes. The file itself is streamed, and its name is known only afterwards."""

    folder = forms.CharField(
        label=_("Folder"),
        required=False,
        help_text=_("Empty for the top; folders within folders have “/” between them."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, file_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file_name = file_name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        folder = data.get("folder", "").strip("/")
        name = PurePosixPath(self.file_name).name
        data["key"] = f"{folder}/{name}" if folder else name
        object_key(data["key"])
        return data


class LinkForm(forms.Form):
    hours = forms.ChoiceField(label=_("The link works for"), choices=LASTS, initial="24")

    def lasts(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["hours"]))
