"""The fields that say whether something is encrypted, and with which key (§2.25)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.keys.rules import DEFAULT_NAME
from imsconsole.cloud.models import Key


class EncryptField(forms.BooleanField):
    """The box “KMS encryption”."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("KMS encryption"), required=False, **kwargs)


class KeyField(forms.ModelChoiceField):
    """The keys of a choice; the project's default key first, also when it has yet to be made."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Key.objects.none(),
            label=_("Key"),
            required=False,
            empty_label=DEFAULT_NAME,
            help_text=_(
                "The default key is made when it is first needed. To be shared later, an image needs a key of your "
                "own making."
            ),
            error_messages={"invalid_choice": _("This key does not exist, or it cannot be used now.")},
            **kwargs,
        )

    def offer(self, actor: Actor) -> None:
        """The keys the actor may use. The empty choice stands for the default key (`default_key`)."""
        self.queryset = Key.objects.usable_by(actor).filter(is_default=False).order_by("name", "pk")


def chosen_key_name(given: dict[str, Any]) -> str:
    """The name of the key that such fields chose; empty when nothing is encrypted."""
    if not given.get("encrypt"):
        return ""
    return given["key"].name if given.get("key") else DEFAULT_NAME
