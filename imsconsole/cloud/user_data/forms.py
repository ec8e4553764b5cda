"""User data as it is typed: under a name, and in forms of others."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import UserData
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.cloud.user_data.filling import NAME, Filling, Sources, normalized
from imsconsole.cloud.user_data.rules import is_free_user_data_name, is_user_data
from imsconsole.core.edits import EditForm
from imsconsole.core.rules import Verdict


class UserDataField(forms.CharField):
    """A script or settings of cloud-init, as they are."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(
            strip=False,
            widget=forms.Textarea({"rows": rows, "class": "mono", "spellcheck": "false"}),
            **{
                "label": _("User data"),
                "help_text": _("For cloud-init, at most 32 KB: a script (#!…) or #cloud-config."),
                **kwargs,
            },
        )

    def clean(self, value: Any) -> str:
        text = normalized(super().clean(value))
        if not (verdict := is_user_data(text)):
            raise forms.ValidationError(verdict.reason, verdict.code)
        return text


class UserDataForm(EditForm):
    """A name and a text; `user_data` is what is changed, if it is there already."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    text = UserDataField(rows=14)

    def __init__(self, *args: Any, actor: Actor, user_data: UserData | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.user_data = actor, user_data

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not (verdict := is_free_user_data_name(name, self.actor, self.user_data)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return name


class FillForm(forms.Form):
    """What fills in the user data of another form, whose field has the name `prefix`: see `filling`."""

    choice = forms.CharField(label=_("Saved user data"), required=False, widget=forms.Select)
    origin = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, sent: Mapping[str, Any], *, sources: Sources, name: str = NAME) -> None:
        super().__init__(sent, prefix=name)
        self.fields["choice"].widget.choices = list(sources.choices())
        self.filling, self.image = Filling.read(sent, name), sources.image
        self.is_changed = bool(sent.get(f"{name}-changed"))

    @property
    def has_choices(self) -> bool:
        return len(self.fields["choice"].widget.choices) > 1

    @property
    def is_filled_in(self) -> Verdict:
        return self.filling.is_filled_in(self.image)

    def kept(self) -> dict[str, str]:
        """What fills in this form again."""
        return {bound.html_name: bound.data or "" for bound in self}
