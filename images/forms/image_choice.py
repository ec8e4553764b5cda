"""The image of an order."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from images.models import Image


class ImageChoice(forms.ModelChoiceField[Image]):
    """An image that is chosen in a table; the form that has it gives the queryset."""

    def __init__(self, **options: Any) -> None:
        plain = {"label": _("Image"), "widget": forms.HiddenInput}
        required = {"required": _("Choose an image.")}
        super().__init__(Image.objects.none(), error_messages=required, **{**plain, **options})
