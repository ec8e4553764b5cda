"""How a share ends."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.core.now import now
from imsconsole.core.rules import Verdict
from sharing.ending.orders import COPIES, NOTICE, NOW
from sharing.ending.rules import is_day_of_notice

USUAL_NOTICE = timedelta(days=7)


class Ways(forms.RadioSelect):
    """Ways to go; one that is refused is shown with its reason."""

    refused: Mapping[str, Verdict] = {}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **kwargs)
        if (verdict := self.refused.get(str(value))) is not None:
            option["attrs"] |= {"disabled": True, "aria-disabled": "true"}
            option["label"] = f"{label} – {verdict.reason}"
        return option


class StopForm(forms.Form):
    """How a share ends: on a day that is named to the receiver, with a copy for it, or now (R86).

    `refused` says of those ways that cannot be gone why.
    """

    ways: ClassVar[Sequence[tuple[str, Any]]] = (
        (NOTICE, _("Tell them, and stop on a day")),
        (COPIES, _("Give each its own copy, and then stop")),
        (NOW, _("Stop now")),
    )

    how = forms.ChoiceField(label=_("How"), widget=Ways)
    ends_at = forms.DateTimeField(
        label=_("Shared until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_(
            "Only when you tell them. In your time zone; until then they go on using the image and may make a private "
            "one of it."
        ),
    )

    def __init__(self, *args: Any, refused: Mapping[str, Verdict], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused = refused
        self.fields["how"].widget.refused = refused
        self.fields["how"].choices = self.ways  # type: ignore[attr-defined]
        first = next(way for way, _label in self.ways if way not in refused)
        self.initial = {"how": first, "ends_at": now() + USUAL_NOTICE, **self.initial}

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if (refusal := self.refused.get(typed.get("how", ""))) is not None:
            self.add_error("how", str(refusal.reason))
        elif typed.get("how") == NOTICE and "ends_at" in typed:
            if not typed["ends_at"]:
                self.add_error("ends_at", _("Choose the day on which sharing ends."))
            elif not (verdict := is_day_of_notice(typed["ends_at"])):
                self.add_error("ends_at", str(verdict.reason))
        return typed


class DeleteSharedForm(StopForm):
    """The same before a shared image is deleted."""

    ways = (
        (NOTICE, _("Tell them, and delete the image on a day")),
        (COPIES, _("Give each its own copy, and delete the image when all have one")),
        (NOW, _("Delete the image now, for all who have it")),
    )

    delete_backups = forms.BooleanField(
        label=_("Delete its cloud server backup as well, when it is removed for ever"), required=False
    )

    def __init__(self, *args: Any, image: Image, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if image.type != Image.Type.FULL:
            del self.fields["delete_backups"]
