"""The form of one change of OS for many servers: image and login. Sizes follow from disks and image."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.change_os.many.orders import ManyChanges
from images.launch.system import NewSystemForm


class ChangeOsManyForm(NewSystemForm):
    """An order as it is typed, or kept. Servers that cannot be changed stay in it: they are told so."""

    stop_first = forms.BooleanField(
        label=_("Stop running servers first"),
        required=False,
        help_text=_("Their guests are asked to power off. Without it running servers stay as they are."),
    )

    field_order = ("stop_first", "image")

    def __init__(self, *args: Any, changes: ManyChanges, is_kept: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, actor=changes.actor, **kwargs)
        self.changes, self.is_kept = changes, is_kept
        self.offer_images(None if is_kept else changes.fits, changes.told_of_fit)

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if (image := typed.get("image")) and not self.is_kept:
            stop_first = typed.get("stop_first", False)
            verdicts = self.changes.first_verdicts(image, stop_first=stop_first)
            if not any(verdicts.values()):
                none = _("None of these servers can be changed like that. The list says why, one by one.")
                self.add_error("image", forms.ValidationError(none, "none-can-be-changed"))
        self.require_login()
        return typed

    def order(self) -> dict[str, Any]:
        """What all servers get, once it is valid."""
        typed = {name: self.cleaned_data[name] for name in ("image", "stop_first")}
        return {**typed, **self.chosen_login()}
