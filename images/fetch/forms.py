"""Which file, at which address."""

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from images.fetch.rules import URL_LENGTH, can_fetch_url, is_open_address
from images.uploads.forms import FORMATS
from images.uploads.rules import TYPES
from imsconsole.accounts.actor import Actor

TYPED = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
DIGEST = re.compile(r"^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})\Z")


class UrlForm(forms.Form):
    """The address, and what is said of the file. What the address hides is judged by the rule, as the service does."""

    type = forms.ChoiceField(choices=[(each.value, each.label) for each in TYPES])
    url = forms.CharField(
        label=_("Address (URL) of the file"),
        max_length=URL_LENGTH,
        help_text=_(
            "https or http. The service fetches it by itself, so the address must be reachable from there."
        ),
        widget=forms.URLInput({**TYPED, "placeholder": "https://"}),
    )
    format = forms.ChoiceField(
        label=_("File format"),
        choices=FORMATS,
        required=False,
        help_text=_(
            "Name it when the file is a raw disk without a partition table; otherwise it is recognised."
        ),
    )
    checksum = forms.CharField(
        label=_("Checksum"),
        required=False,
        validators=[
            RegexValidator(DIGEST, _("A SHA-256 has 64 digits from 0 to 9 and a to f, a SHA-512 has 128."))
        ],
        help_text=_("Optional: SHA-256 or SHA-512. The file is refused when its checksum differs."),
        widget=forms.TextInput({**TYPED, "maxlength": "160"}),
    )
    checksums = forms.CharField(
        label=_("Address of a list of checksums"),
        required=False,
        max_length=URL_LENGTH,
        help_text=_("Instead, such as SHA256SUMS beside the file: the line with the file's name counts."),
        widget=forms.URLInput(TYPED),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("url", "checksums"):
            if data.get(name) and not (verdict := is_open_address(data[name])):
                self.add_error(name, str(verdict.reason))
        if data.get("checksum") and data.get("checksums"):
            self.add_error("checksums", _("Give the checksum or the address of a list, not both."))
        if not self.errors and not (verdict := can_fetch_url(data["url"], self.actor)):
            self.add_error("url", str(verdict.reason))
        return data
