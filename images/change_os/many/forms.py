"""The form of one change of OS for many servers: image and login. Sizes follow from disks and image."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.change_os.many.orders import ManyChanges
from images.launch.forms import ImageChoice
from images.launch.login import LoginForm
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host


class ChangeOsManyForm(LoginForm):
    """An order as it is typed. Servers that cannot be changed stay in it: they are told so."""

    image = ImageChoice()
    stop_first = forms.BooleanField(
        label=_("Stop running servers first"),
        required=False,
        help_text=_("Their guests are asked to power off. Without it running servers stay as they are."),
    )

    def __init__(self, *args: Any, changes: ManyChanges, actor: Actor, host: Host, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.changes, self.host = changes, host
        self._choices("image", Image.objects.visible_to(actor).select_related("os_version", "backup__zone"))

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if image := typed.get("image"):
            stop_first = typed.get("stop_first", False)
            verdicts = self.changes.first_verdicts(image, self.host, stop_first=stop_first)
            if not any(verdicts.values()):
                none = _("None of these servers can be changed like that. The list says why, one by one.")
                self.add_error("image", forms.ValidationError(none, "none-can-be-changed"))
        self.require_login()
        return typed

    def draft(self) -> dict[str, Any]:
        """What was chosen as JSON; of a password only its hash."""
        typed = self.cleaned_data
        return {
            "image": str(typed["image"].pk),
            "stop_first": typed["stop_first"],
            **self.login_draft(),
        }
