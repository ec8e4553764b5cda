"""What is typed on the pages of key pairs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.key_pairs.rules import is_free_name
from imsconsole.cloud.key_pairs.ssh_keys import BadKey, PublicKey, read_public_key
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.sentences import sentence_of


class KeyPairForm(forms.Form):
    """A new pair: only a name."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not (verdict := is_free_name(name, self.actor)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return name


class ImportKeyForm(KeyPairForm):
    """A name and a public key that exists already."""

    public_key = forms.CharField(
        label=_("Public key"),
        max_length=8192,
        widget=forms.Textarea({"rows": 5, "class": "mono", "spellcheck": "false"}),
        help_text=_("One line, as in ~/.ssh/id_ed25519.pub."),
    )

    def clean_public_key(self) -> PublicKey:
        try:
            return read_public_key(self.cleaned_data["public_key"])
        except BadKey as error:
            raise forms.ValidationError(sentence_of(error), error.code) from error
