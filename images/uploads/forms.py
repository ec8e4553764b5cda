"""The form of a file on its way in, and what the uploader in the browser (imsconsole/static/js/upload.js) is told by its page."""

import json
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from images.fields.formats import ENDINGS, FILE_FORMATS
from images.models import Upload
from images.receiving.limits import limit_file_bytes
from images.uploads.rules import TYPES, can_resume, waiting_uploads
from imsconsole.accounts.actor import Actor
from imsconsole.core.forms import RuledChoiceField
from imsconsole.engine.types import MIB

FORMATS = [
    ("", _("Recognise it")),
    *((each.key, each.label) for each in FILE_FORMATS),
]
CHUNK_BYTES = 64 * MIB  # what one request carries; a proxy that buffers requests loses this much at most
UNFINISHED = 50  # more than that nobody goes on with


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
    upload = RuledChoiceField(
        queryset=Upload.objects.none(), required=False, empty_label=None, widget=forms.RadioSelect
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        uploads = waiting_uploads(actor).filter(state=Upload.State.COMPLETE)
        self.fields["upload"].offer(Upload.objects.visible_to(actor), offered=uploads)  # type: ignore[attr-defined]

    def clean_sha256(self) -> str:
        return str(self.cleaned_data["sha256"]).lower()


def uploader_context(actor: Actor, upload: Upload | None = None) -> dict[str, Any]:
    """The context of `images/uploads/_uploader.html`: limits, and the uploads that a chosen file may belong to.

    With `upload` only that one: the file must be its file.
    """
    found = [upload] if upload else Upload.objects.visible_to(actor).filter(state=Upload.State.RECEIVING)
    unfinished = [
        {"id": str(each.pk), "name": each.name, "size": each.size_bytes}
        for each in found[:UNFINISHED]
        if can_resume(each, actor)
    ]
    return {
        "unfinished": json.dumps(unfinished),
        "limit_bytes": limit_file_bytes(),
        "chunk_bytes": CHUNK_BYTES,
        "accepted": ",".join(f".{ending}" for ending in ENDINGS),
    }
