"""The name under which an image comes back."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from images.fields.forms import NameField
from images.fields.rules import name_is_free
from images.models import Image
from imsconsole.accounts.actor import Actor


class RestoreImageForm(forms.Form):
    name = NameField(label=gettext_lazy("Image name"))

    def __init__(self, data: QueryDict | None, *, image: Image, actor: Actor) -> None:
        super().__init__(data, initial={"name": image.name})
        self.actor = actor
        self.verdict = name_is_free(image.name, actor)  # whether its own name is still free

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not (verdict := name_is_free(name, self.actor)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return name
